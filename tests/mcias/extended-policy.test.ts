import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MciasClient, MciasForbiddenError, MciasInputError, MciasNotFoundError } from "@cardea/mcias";
import { extendedClient, type ExtendedClient, type NewPolicyRule } from "@cardea/mcias/extended";
import { openHouse, passwords, usualHouse, uuid, type TestHouse } from "./house.js";

let house: TestHouse;
let more: ExtendedClient;
let token: string;

beforeAll(async () => {
  const policy = [{ effect: "deny", usernames: ["alice"], serviceNames: ["of-the-file"] }];
  house = await openHouse(usualHouse({ profile: "extended", policy }));
  token = await house.tokenOf("root");
  more = extendedClient(house.client(token));
});
afterAll(() => house[Symbol.asyncDispose]());

async function withRule<T>(rule: NewPolicyRule, work: (id: string) => Promise<T>): Promise<T> {
  const { id } = await more.createPolicyRule(rule);
  try {
    return await work(id);
  } finally {
    await more.deletePolicyRule(id);
  }
}

function login(serviceName?: string, tags: string[] = []) {
  const client = new MciasClient({
    serverUrl: house.url,
    caCert: house.ca,
    tags,
    ...(serviceName !== undefined && { serviceName }),
  });
  return client.login("alice", passwords.alice);
}

describe("rules", () => {
  const rule: NewPolicyRule = {
    description: "nobody pays at night",
    priority: 7,
    enabled: false,
    notBefore: new Date("2031-01-01T00:00:00Z"),
    expiresAt: new Date("2032-01-01T00:00:00Z"),
    rule: {
      effect: "deny",
      roles: ["user"],
      accountTypes: ["human"],
      subjectUuid: uuid(),
      actions: ["auth:login"],
      resourceType: "login",
      ownerMatchesSubject: true,
      serviceNames: ["payroll"],
      requiredTags: ["env:production"],
    },
  };

  test("every field comes back as it was given, from each of the routes", async () => {
    await withRule(rule, async (id) => {
      const made = await more.getPolicyRule(id);
      expect(made).toEqual({ ...rule, id, createdAt: expect.any(Date), updatedAt: expect.any(Date) });
      expect(await more.listPolicyRules()).toEqual([made]);
    });
    expect(await more.listPolicyRules()).toEqual([]);
  });

  test("what is not given: priority 100, in force, without times", async () => {
    await withRule({ description: "x", rule: { effect: "allow" } }, async (id) => {
      const reply = await house.raw("GET", `/v1/policy/rules/${id}`, { token });
      expect(reply.body).toEqual({
        id,
        description: "x",
        priority: 100,
        enabled: true,
        rule: { effect: "allow" },
        created_at: expect.any(String),
        updated_at: expect.any(String),
      });
    });
  });

  test("a change leaves the rest; a given rule replaces the whole; null takes a time away", async () => {
    await withRule(rule, async (id) => {
      const before = await more.getPolicyRule(id);
      const changed = await more.updatePolicyRule(id, { enabled: true });
      expect(changed).toEqual({ ...before, enabled: true, updatedAt: changed.updatedAt });
      expect((await more.updatePolicyRule(id, { rule: { effect: "deny" } })).rule).toEqual({ effect: "deny" });
      const timeless = await more.updatePolicyRule(id, { notBefore: null, expiresAt: null });
      expect(timeless).not.toHaveProperty("notBefore");
      expect(timeless).not.toHaveProperty("expiresAt");
      const same = await more.updatePolicyRule(id, {});
      expect(same).toEqual(timeless);
    });
  });

  test("the list goes by priority, then by age", async () => {
    const ids: string[] = [];
    for (const priority of [5, 1, 5, 3]) {
      ids.push((await more.createPolicyRule({ description: "x", priority, rule: { effect: "allow" } })).id);
      house.clock.turn(1000);
    }
    expect((await more.listPolicyRules()).map(({ id }) => id)).toEqual([ids[1], ids[3], ids[0], ids[2]]);
    for (const id of ids) await more.deletePolicyRule(id);
  });

  test.each<[string, object]>([
    ["without an effect", { description: "x", rule: {} }],
    ["with an unknown effect", { description: "x", rule: { effect: "maybe" } }],
    ["without a description", { rule: { effect: "deny" } }],
    ["with an empty one", { description: "", rule: { effect: "deny" } }],
    ["with half a priority", { description: "x", priority: 1.5, rule: { effect: "deny" } }],
    ["with a negative priority", { description: "x", priority: -1, rule: { effect: "deny" } }],
    ["with a time that is none", { description: "x", not_before: "tomorrow", rule: { effect: "deny" } }],
    ["with a subject that is no id", { description: "x", rule: { effect: "deny", subject_uuid: "root" } }],
    ["with an unknown field in the rule", { description: "x", rule: { effect: "deny", usernames: ["a"] } }],
    [
      "that ends as it begins",
      {
        description: "x",
        not_before: "2031-01-01T00:00:00Z",
        expires_at: "2031-01-01T00:00:00Z",
        rule: { effect: "deny" },
      },
    ],
  ])("a rule %s is refused", async (_, body) => {
    const reply = await house.raw("POST", "/v1/policy/rules", { token, body });
    expect([reply.status, reply.body.code]).toEqual([400, "bad_request"]);
  });

  test("a change that would end before the beginning is refused, and changes nothing", async () => {
    await withRule(rule, async (id) => {
      const before = await more.getPolicyRule(id);
      const expiresAt = new Date("2030-01-01T00:00:00Z");
      await expect(more.updatePolicyRule(id, { expiresAt })).rejects.toBeInstanceOf(MciasInputError);
      expect(await more.getPolicyRule(id)).toEqual(before);
    });
  });

  test("what is not there is not found by any route", async () => {
    for (const id of [uuid(), "no-uuid"]) {
      await expect(more.getPolicyRule(id)).rejects.toBeInstanceOf(MciasNotFoundError);
      await expect(more.updatePolicyRule(id, {})).rejects.toBeInstanceOf(MciasNotFoundError);
      await expect(more.deletePolicyRule(id)).rejects.toBeInstanceOf(MciasNotFoundError);
    }
  });

  test("each deed is an event, and a change to the present is none", async () => {
    const types = async () =>
      (await more.listAuditEvents({ limit: 5 })).events
        .map(({ eventType }) => eventType)
        .filter((type) => type.startsWith("policy"));
    const { id } = await more.createPolicyRule(rule);
    await more.updatePolicyRule(id, { priority: 1 });
    await more.updatePolicyRule(id, {});
    await more.deletePolicyRule(id);
    expect((await types()).slice(0, 3)).toEqual(["policy_rule_deleted", "policy_rule_updated", "policy_rule_created"]);
  });
});

describe("logins", () => {
  test("a deny for a service is heard with right credentials only, and of that service only", async () => {
    await withRule({ description: "x", rule: { effect: "deny", serviceNames: ["payroll"] } }, async () => {
      await expect(login("payroll")).rejects.toBeInstanceOf(MciasForbiddenError);
      await expect(login("mail")).resolves.toBeDefined();
      await expect(login()).resolves.toBeDefined();
      const wrong = await house.raw("POST", "/v1/auth/login", {
        body: { username: "alice", password: "wrong", service_name: "payroll" },
      });
      expect([wrong.status, wrong.body.error]).toEqual([401, "invalid credentials"]);
    });
    await expect(login("payroll")).resolves.toBeDefined();
  });

  test("by tags, by role and by the account's id", async () => {
    await withRule({ description: "x", rule: { effect: "deny", requiredTags: ["env:restricted"] } }, async () => {
      await expect(login(undefined, ["env:restricted", "other"])).rejects.toBeInstanceOf(MciasForbiddenError);
      await expect(login(undefined, ["other"])).resolves.toBeDefined();
    });
    await withRule({ description: "x", rule: { effect: "deny", roles: ["user"] } }, async () => {
      await expect(login()).rejects.toBeInstanceOf(MciasForbiddenError);
      await expect(house.tokenOf("root")).resolves.toBeDefined();
    });
    const subjectUuid = await house.idOf("alice");
    await withRule({ description: "x", rule: { effect: "deny", subjectUuid, actions: ["auth:login"] } }, async () => {
      await expect(login()).rejects.toBeInstanceOf(MciasForbiddenError);
      await expect(house.tokenOf("root")).resolves.toBeDefined();
    });
  });

  test("an allow of the first priority does not beat a deny", async () => {
    await withRule({ description: "x", priority: 0, rule: { effect: "allow", roles: ["user"] } }, async () =>
      withRule({ description: "y", priority: 900, rule: { effect: "deny", roles: ["user"] } }, async () => {
        await expect(login()).rejects.toBeInstanceOf(MciasForbiddenError);
      }),
    );
  });

  test("a rule of the file and one of the database hold side by side", async () => {
    await expect(login("of-the-file")).rejects.toBeInstanceOf(MciasForbiddenError);
    await withRule({ description: "x", priority: 0, rule: { effect: "allow" } }, async () => {
      await expect(login("of-the-file"), "an allow takes no deny of the file back").rejects.toBeInstanceOf(
        MciasForbiddenError,
      );
      await expect(login("mail")).resolves.toBeDefined();
    });
  });

  test("within its time only", async () => {
    const at = (ms: number) => new Date(house.clock.now() + ms);
    await withRule(
      { description: "x", notBefore: at(60_000), expiresAt: at(120_000), rule: { effect: "deny" } },
      async () => {
        await expect(login()).resolves.toBeDefined();
        house.clock.turn(61_000);
        await expect(login()).rejects.toBeInstanceOf(MciasForbiddenError);
        house.clock.turn(60_000);
        await expect(login()).resolves.toBeDefined();
      },
    );
  });
});
