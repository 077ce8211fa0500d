import { connect } from "node:net";
import { GangerError } from "../../errors.ts";
import type { MysqlLocation } from "./location.ts";
import { errorOf } from "./rows.ts";

const ANSWER_MS = 1000;

/**
 * Tells a server that is silent from one that speaks another language. A MySQL server speaks first, and most
 * others wait for us: what answers to a word of ours, or hangs up on it, is no MySQL.
 *
 * @throws `GANGER_BROKER_UNSUITED`
 */
export async function assertSpeaksMysql(location: MysqlLocation, error: unknown): Promise<void> {
  const { code, errno } = errorOf(error);
  const isSilence = code === "ETIMEDOUT" || code === "PROTOCOL_CONNECTION_LOST" || code === "ECONNRESET";
  const isNonsense =
    errno === undefined && !["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "ENOENT"].includes(code ?? "");
  if (!isSilence && !isNonsense) return;
  const answer = await ask(location);
  if (answer === undefined || isGreeting(answer)) return;
  const first = /^[\x20-\x7e]{3,40}/.exec(answer.toString("latin1"))?.[0];
  const what = first === undefined ? "" : `; it says ${JSON.stringify(first)}`;
  throw new GangerError("GANGER_BROKER_UNSUITED", `${location.title} is no MySQL or MariaDB server${what}`, {
    cause: error,
    hint: "Look at host and port in the URL: MySQL listens on 3306 by default.",
  });
}

/** What a server says to a word of ours; empty when it hangs up; `undefined` when it says nothing. */
function ask({ host, port, socket }: MysqlLocation): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const wire = socket === undefined ? connect({ host, port }) : connect(socket);
    let isConnected = false;
    const settle = (answer: Buffer | undefined) => {
      resolve(answer);
      wire.destroy();
    };
    wire.setTimeout(ANSWER_MS, () => settle(undefined));
    wire.once("connect", () => {
      isConnected = true;
      wire.write("PING\r\n\r\n");
    });
    wire.once("data", settle);
    wire.once("error", () => settle(isConnected ? Buffer.alloc(0) : undefined));
    wire.once("close", () => settle(isConnected ? Buffer.alloc(0) : undefined));
  });
}

/** Version 10 of the protocol is what every MySQL since 3.21 greets with; 0xff starts an error, such as too many connections. */
function isGreeting(answer: Buffer): boolean {
  return answer.length > 4 && (answer[4] === 10 || answer[4] === 0xff) && answer[3] === 0;
}
