import { GangerError } from "../../errors.ts";

const MYSQL: Release = [8, 0, 11];
const MARIADB: Release = [10, 6, 0];

type Release = readonly [number, number, number];

/** @throws `GANGER_BROKER_UNSUITED` for a server without what is needed, as `SKIP LOCKED`. */
export function assertSuited(version: string, title: string): void {
  const isMariadb = /mariadb/i.test(version);
  // MariaDB says 5.5.5- first to those who stopped reading at MySQL 5.
  const numbers = /(\d+)\.(\d+)\.(\d+)/.exec(version.replace(/^5\.5\.5-/, "")) ?? [];
  const [major = 0, minor = 0, patch = 0] = numbers.slice(1).map(Number);
  if (isAtLeast([major, minor, patch], isMariadb ? MARIADB : MYSQL)) return;
  throw new GangerError(
    "GANGER_BROKER_UNSUITED",
    `${title} is ${isMariadb ? "MariaDB" : "MySQL"} ${version}`,
    {
      hint: `Use MySQL ${MYSQL.join(".")} or later, or MariaDB ${MARIADB.join(".")} or later.`,
    },
  );
}

function isAtLeast(found: Release, wanted: Release): boolean {
  const place = found.findIndex((number, at) => number !== wanted[at]);
  return place === -1 || (found[place] ?? 0) > (wanted[place] ?? 0);
}
