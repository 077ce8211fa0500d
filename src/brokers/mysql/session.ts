import { GangerError } from "../../errors.ts";
import { readCa } from "./ca.ts";
import type { MysqlLocation } from "./location.ts";
import { assertSpeaksMysql } from "./probe.ts";
import {
  errorOf,
  type Mysql2,
  type MysqlConnection,
  type Result,
  toNumber,
  toResults,
  toText,
} from "./rows.ts";
import { format, type Quote, type Statement } from "./statement.ts";
import { assertSuited } from "./version.ts";

/** What sends statements to the server and brings their answers, one each. */
export interface Sender {
  send(statements: readonly Statement[]): Promise<readonly Result[]>;
}

/** How long the server may take to greet us, at most. */
const GREETING_MS = 4000;
/** How long it waits for locks, and for us in the middle of a transaction, in seconds. */
const LOCK_WAIT_S = 3;
const WAIT_S = 20;

/**
 * What every connection of ours is set to. An idle one is closed by the server before long, so that
 * the locks of a host that is cut off do not stay.
 */
const SETUP = [
  "set names utf8mb4 collate utf8mb4_bin",
  "set session transaction isolation level read committed",
  `set session sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION', innodb_lock_wait_timeout = ${LOCK_WAIT_S},
    wait_timeout = ${WAIT_S}, autocommit = 1`,
  "set session sql_safe_updates = 0, sql_select_limit = 18446744073709551615, completion_type = 0",
  "select version(), @@max_allowed_packet, @@auto_increment_increment",
];

interface Traits {
  readonly sizes: readonly [maxPacket: number, idStep: number];
  readonly answerMs: number;
}

function greetingMs({ answerMs }: MysqlLocation): number {
  return Math.min(GREETING_MS, answerMs);
}

/** One connection of ours. After an error of the network it is closed, and never used again. */
export class Session implements Sender {
  /** How far apart the ids of one insert are. */
  readonly idStep: number;
  readonly maxPacket: number;
  readonly #wire: Wire;
  readonly #quote: Quote;

  readonly #answerMs: number;

  private constructor(wire: Wire, quote: Quote, { sizes, answerMs }: Traits) {
    this.#wire = wire;
    this.#quote = quote;
    [this.maxPacket, this.idStep] = sizes;
    this.#answerMs = answerMs;
  }

  /** @throws what mysql2 says, and `GANGER_BROKER_UNSUITED` for a server that is too old or no MySQL. */
  static async open(library: Mysql2, location: MysqlLocation): Promise<Session> {
    const wire = await Wire.open(library, location);
    try {
      const answers = toResults(await wire.query(SETUP.join(";"), greetingMs(location)), SETUP.length);
      const [version, maxPacket, idStep] = answers.at(-1)?.rows[0] ?? [];
      assertSuited(toText(version), location.title);
      const sizes = [toNumber(maxPacket), toNumber(idStep)] as const;
      return new Session(wire, (text) => library.escape(text), { sizes, answerMs: location.answerMs });
    } catch (error) {
      wire.destroy();
      throw error;
    }
  }

  get isOpen(): boolean {
    return this.#wire.isOpen;
  }

  /** Sends statements as one packet, or as several where one would be too large. @throws `GANGER_PAYLOAD_LARGE` */
  async send(statements: readonly Statement[], timeoutMs = this.#answerMs): Promise<readonly Result[]> {
    if (statements.length === 0) return [];
    const results: Result[] = [];
    for (const packet of this.#toPackets(statements)) {
      results.push(...toResults(await this.#wire.query(packet.join(";"), timeoutMs), packet.length));
    }
    return results;
  }

  destroy(): void {
    this.#wire.destroy();
  }

  /** Takes leave of the server. */
  async end(): Promise<void> {
    await this.#wire.end();
  }

  #toPackets(statements: readonly Statement[]): readonly (readonly string[])[] {
    const limit = this.maxPacket - MARGIN;
    const packets: string[][] = [];
    let packet: string[] = [];
    let bytes = 0;
    for (const statement of statements) {
      const text = format(statement, this.#quote);
      const size = text.length * 3 < limit ? text.length : Buffer.byteLength(text);
      if (size > limit) throw tooLarge(size, this.maxPacket);
      if (packet.length > 0 && bytes + size * 3 > limit) {
        packets.push(packet);
        packet = [];
        bytes = 0;
      }
      packet.push(text);
      bytes += size * 3;
    }
    return [...packets, packet];
  }
}

/** What a packet holds besides its statements. */
const MARGIN = 1024;

export function tooLarge(bytes: number, maxPacket: number): GangerError {
  const message = `A statement with ${bytes} bytes does not fit into the server's packet of ${maxPacket}`;
  return new GangerError("GANGER_PAYLOAD_LARGE", message, {
    hint: "Raise max_allowed_packet on the server, or keep payloads elsewhere and hand jobs their names.",
  });
}

/** A connection of mysql2's, with an end to every wait. */
class Wire {
  readonly #connection: ReturnType<Mysql2["createConnection"]>;
  readonly #timer: NodeJS.Timeout;
  #isOpen = true;
  #dueAt = 0;
  #fail: ((error: unknown) => void) | undefined;

  private constructor(connection: ReturnType<Mysql2["createConnection"]>) {
    this.#connection = connection;
    this.#timer = setInterval(() => this.#look(), 250);
    this.#timer.unref();
    connection.on("error", (error: unknown) => this.#lose(error));
    connection.on("end", () => this.#lose(lost("The connection was closed")));
  }

  static async open(library: Mysql2, location: MysqlLocation): Promise<Wire> {
    const { host, port, socket, user, password, database } = location;
    const ssl = await toSsl(location);
    const connection = library.createConnection({
      ...(socket === undefined ? { host, port } : { socketPath: socket }),
      ...(ssl === undefined ? {} : { ssl }),
      user,
      password,
      database,
      multipleStatements: true,
      connectTimeout: greetingMs(location),
      charset: "utf8mb4",
      enableKeepAlive: true,
      keepAliveInitialDelay: 5000,
    });
    const wire = new Wire(connection);
    try {
      await new Promise<void>((resolve, reject) => {
        wire.#fail = reject;
        connection.once("connect", () => resolve());
      });
    } catch (error) {
      wire.destroy();
      await assertSpeaksMysql(location, error);
      throw error;
    }
    wire.#fail = undefined;
    return wire;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  async query(sql: string, timeoutMs: number): Promise<unknown> {
    if (!this.#isOpen) throw lost("The connection was closed");
    const connection: MysqlConnection = this.#connection;
    try {
      return await new Promise((resolve, reject) => {
        this.#fail = reject;
        this.#dueAt = performance.now() + timeoutMs;
        connection.query({ sql, rowsAsArray: true, typeCast: true, values: null }, (error, results) => {
          if (error === null || error === undefined) return resolve(results);
          // The library tells whoever waits, and nobody else, that the connection has ended.
          if (errorOf(error).fatal === true) this.#lose(error);
          reject(error);
        });
      });
    } finally {
      this.#fail = undefined;
      this.#dueAt = 0;
    }
  }

  destroy(): void {
    this.#lose(lost("The connection was closed by us"));
  }

  async end(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    clearInterval(this.#timer);
    await new Promise<void>((resolve) => {
      const late = setTimeout(resolve, FAREWELL_MS);
      this.#connection.end(() => {
        clearTimeout(late);
        resolve();
      });
    });
    this.#connection.destroy();
  }

  /** A process that was busy for long has answers to read before it may say that there are none: it looks twice. */
  #look(): void {
    if (this.#dueAt === 0 || performance.now() < this.#dueAt) return;
    const dueAt = this.#dueAt;
    setTimeout(() => {
      if (this.#dueAt === dueAt) this.#lose(lost("The server did not answer in time"));
    }, SECOND_LOOK_MS).unref();
  }

  #lose(error: unknown): void {
    this.#isOpen = false;
    clearInterval(this.#timer);
    this.#connection.destroy();
    this.#fail?.(error);
    this.#fail = undefined;
  }
}

const FAREWELL_MS = 500;
const SECOND_LOOK_MS = 50;

function lost(message: string): Error {
  return Object.assign(new Error(message), { code: "PROTOCOL_CONNECTION_LOST" });
}

async function toSsl({ tls, ca }: MysqlLocation) {
  if (tls === "off") return undefined;
  if (tls === "unverified") return { rejectUnauthorized: false };
  return {
    rejectUnauthorized: true,
    verifyIdentity: true,
    ...(ca === undefined ? {} : { ca: await readCa(ca) }),
  };
}
