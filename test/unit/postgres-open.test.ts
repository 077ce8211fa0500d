import { expect, it } from "vitest";
import { parseLocation } from "../../src/brokers/postgres/location.ts";
import { assertSuited } from "../../src/brokers/postgres/open.ts";

const location = parseLocation("postgres://user:s3cret@host/jobs");

it.each([
  [90_624, "9.6"],
  [110_022, "11.22"],
])("refuses a server of version %i, and says which it is", (server, version) => {
  expect(() => assertSuited(server, location)).toThrowError(
    expect.objectContaining({
      code: "GANGER_BROKER_UNSUITED",
      message: expect.stringMatching(new RegExp(`^(?!.*s3cret).* is PostgreSQL ${version}$`)),
      hint: "Use PostgreSQL 12 or later.",
    }),
  );
});

it.each([120_000, 150_014, 180_001])("takes a server of version %i", (server) => {
  expect(() => assertSuited(server, location)).not.toThrow();
});
