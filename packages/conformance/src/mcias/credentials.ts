import type { Exchange, Expectation, Section } from "../row.js";
import { badRequest, create, done, forbidden, issue, notFound, remove } from "./words.js";

/** Section 2 of the wire document: the database credentials of system accounts. */

const stored = {
  host: "db.example.com",
  port: 5432,
  database: "ingest",
  username: "ingest_rw",
  password: "{{password}}",
};

const put = (name: string, json: object, expect: Expectation, as = "administrator"): Exchange => ({
  send: `PUT /v1/accounts/{{${name}.id}}/pgcreds`,
  as,
  json,
  expect,
});

const read = (id: string, expect: Expectation, as = "administrator"): Exchange => ({
  send: `GET /v1/accounts/${id}/pgcreds`,
  as,
  expect,
});

const asStored: Expectation = { status: 200, json: stored };

export const credentials: Section = {
  title: "Database credentials",
  rows: [
    {
      item: 36,
      title: "404 before they are set, then exactly what was given",
      needs: ["administrator"],
      steps: [
        create("system", "robot"),
        read("{{robot.id}}", notFound),
        put("robot", stored, done),
        read("{{robot.id}}", asStored),
      ],
    },
    {
      item: 36,
      title: "Setting them again replaces all of them",
      needs: ["administrator"],
      steps: [
        create("system", "robot"),
        put("robot", { ...stored, host: "old.example.com", port: 1 }, done),
        put("robot", stored, done),
        read("{{robot.id}}", asStored),
      ],
    },
    {
      item: 36,
      title: "A human has none: 400 to set, 404 to read",
      needs: ["administrator"],
      steps: [create("human", "worker"), put("worker", stored, badRequest), read("{{worker.id}}", notFound)],
    },
    {
      item: 36,
      title: "An account reads its own, and cannot set them",
      needs: ["administrator"],
      steps: [
        create("system", "robot"),
        issue("robot"),
        read("{{robot.id}}", notFound, "robot"),
        put("robot", stored, done),
        read("{{robot.id}}", asStored, "robot"),
        put("robot", stored, forbidden, "robot"),
      ],
    },
    {
      item: 36,
      title: "Those of another account are 403, whether or not it exists",
      needs: ["administrator"],
      steps: [
        create("system", "robot"),
        issue("robot"),
        create("system", "other"),
        put("other", stored, done),
        read("{{other.id}}", forbidden, "robot"),
        read("{{nobody}}", forbidden, "robot"),
      ],
    },
    {
      item: 36,
      title: "400 for a port outside 1 to 65535, a text that is empty or too long",
      needs: ["administrator"],
      steps: [
        create("system", "robot"),
        ...[
          { port: 0 },
          { port: 65_536 },
          { port: 1.5 },
          { port: "5432" },
          { host: "" },
          { password: null },
          { database: "x".repeat(1_025) },
          { sslmode: "require" },
        ].map((change) => put("robot", { ...stored, ...change }, badRequest)),
        read("{{robot.id}}", notFound),
      ],
    },
    {
      item: 36,
      title: "Ports 1 and 65535 and texts of 1024 bytes are taken",
      needs: ["administrator"],
      steps: [
        create("system", "robot"),
        put("robot", { ...stored, port: 1 }, done),
        put("robot", { ...stored, port: 65_535, database: "x".repeat(1_024) }, done),
      ],
    },
    {
      item: 32,
      title: "Deletion takes them away",
      needs: ["administrator"],
      steps: [create("system", "robot"), put("robot", stored, done), remove("robot"), read("{{robot.id}}", notFound)],
    },
  ],
};
