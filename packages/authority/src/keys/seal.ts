import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, randomBytes, type KeyObject } from "node:crypto";
import { CardeaError } from "@cardea/core";
import type { DataKeysTable } from "../storage/schema.js";

/** Where a sealed value stands. It opens there and nowhere else. */
export interface Place {
  readonly table: string;
  readonly column: string;
  /** The primary key of the row. */
  readonly row: string;
}

/** Seals what the database must not show: signing keys, factors, database credentials. */
export interface Seals {
  /** @returns bytes for the column; every call gives others, also for the same text */
  seal(place: Place, plaintext: Uint8Array): Uint8Array;
  /**
   * What was sealed for this place, in a buffer of the caller's own.
   *
   * @throws CardeaError `seal_broken` where the value was altered, cut or moved here from elsewhere, `seal_key_unknown`
   */
  open(place: Place, sealed: Uint8Array): Uint8Array;
  /**
   * The same text under the newest data key; nothing where it is under that one already.
   *
   * @throws CardeaError as `open` does
   */
  reseal(place: Place, sealed: Uint8Array): Uint8Array | undefined;
}

export interface SealsOptions {
  readonly masterKey: Uint8Array;
  /** All rows of the table. The newest seals, every one opens. */
  readonly dataKeys: readonly DataKeysTable[];
  /** Default: the random of the system. */
  readonly random?: (bytes: number) => Uint8Array;
}

/**
 * Envelope encryption: each column value is sealed by a data key, each data key by the master key. So the master key
 * can be exchanged by wrapping a few rows anew.
 *
 * @throws CardeaError `wrong_master_key` where a data key does not open, `no_data_key` where there is none
 */
export function createSeals(options: SealsOptions): Seals {
  const { dataKeys, random = randomBytes } = options;
  const newest = dataKeys.reduce<DataKeysTable | undefined>(
    (latest, row) => (latest === undefined || row.created_at >= latest.created_at ? row : latest),
    undefined,
  );
  if (newest === undefined) throw new CardeaError("there is no data key to seal with", { code: "no_data_key" });
  const wrapping = wrappingKey(options.masterKey);
  const keys = new Map(dataKeys.map((row) => [row.id, unwrap(wrapping, row)]));

  const seal = (place: Place, plaintext: Uint8Array) =>
    encrypt({ id: newest.id, key: keyOf(keys, newest.id) }, place, plaintext, random);
  const open = (place: Place, sealed: Uint8Array) =>
    decrypt(keyOf(keys, readEnvelope(place, sealed).keyId), place, sealed);
  return {
    seal,
    open,
    reseal(place, sealed) {
      if (readEnvelope(place, sealed).keyId === newest.id) return undefined;
      const plaintext = open(place, sealed);
      try {
        return seal(place, plaintext);
      } finally {
        plaintext.fill(0);
      }
    },
  };
}

export interface NewDataKey {
  readonly masterKey: Uint8Array;
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Default: the random of the system. */
  readonly random?: (bytes: number) => Uint8Array;
}

/** A row for the table of data keys: a fresh key, wrapped. Seals made with it use it from then on. */
export function makeDataKey({ masterKey, id, now, random = randomBytes }: NewDataKey): DataKeysTable {
  const key = random(32);
  const wrapped = encrypt({ id: masterKeyId, key: wrappingKey(masterKey) }, placeOf(id), key, random);
  key.fill(0);
  return { id, wrapped, created_at: now };
}

/**
 * A data key wrapped by another master key. The key itself, and so all that it has sealed, stays as it is.
 *
 * @throws CardeaError `wrong_master_key` where `from` does not open it
 */
export function rewrapDataKey(
  row: DataKeysTable,
  {
    from,
    to,
    random = randomBytes,
  }: { readonly from: Uint8Array; readonly to: Uint8Array } & Pick<NewDataKey, "random">,
): DataKeysTable {
  const key = unwrap(wrappingKey(from), row).export();
  const wrapped = encrypt({ id: masterKeyId, key: wrappingKey(to) }, placeOf(row.id), key, random);
  key.fill(0);
  return { ...row, wrapped };
}

/** What an envelope says about its key where that is the master key. */
const masterKeyId = "master";

const placeOf = (id: string): Place => ({ table: "data_keys", column: "wrapped", row: id });

function unwrap(wrapping: KeyObject, row: DataKeysTable): KeyObject {
  let key: Uint8Array;
  try {
    key = decrypt(wrapping, placeOf(row.id), row.wrapped);
  } catch {
    throw new CardeaError(`the master key does not open the data key ${row.id}`, {
      code: "wrong_master_key",
      help: "This database was sealed with another master key. Start with the one that belongs to it.",
    });
  }
  const prepared = createSecretKey(key);
  key.fill(0);
  return prepared;
}

/** The master key itself encrypts nothing: what is derived from it has one purpose each. */
function wrappingKey(masterKey: Uint8Array): KeyObject {
  const derived = new Uint8Array(hkdfSync("sha256", masterKey, "", "cardea v1: wrap data keys", 32));
  const key = createSecretKey(derived);
  derived.fill(0);
  return key;
}

function keyOf(keys: ReadonlyMap<string, KeyObject>, id: string): KeyObject {
  const key = keys.get(id);
  if (key === undefined) {
    throw new CardeaError("a sealed value names a data key that the database does not have", {
      code: "seal_key_unknown",
    });
  }
  return key;
}

/*
 * An envelope: version (1 byte) | length of the key id (1 byte) | key id | nonce (12 bytes) | ciphertext | tag (16 bytes).
 * The nonce is random, which is good for some 2^32 values a data key.
 */
const version = 1;
const nonceBytes = 12;
const tagBytes = 16;
const cipherName = "aes-256-gcm";

interface SealingKey {
  readonly id: string;
  readonly key: KeyObject;
}

function encrypt(
  { id, key }: SealingKey,
  place: Place,
  plaintext: Uint8Array,
  random: (bytes: number) => Uint8Array,
): Uint8Array {
  const keyId = Buffer.from(id);
  const nonce = random(nonceBytes);
  const cipher = createCipheriv(cipherName, key, nonce, { authTagLength: tagBytes });
  cipher.setAAD(associatedData(place, id));
  const ciphertext = [cipher.update(plaintext), cipher.final()];
  return new Uint8Array(
    Buffer.concat([Uint8Array.of(version, keyId.length), keyId, nonce, ...ciphertext, cipher.getAuthTag()]),
  );
}

function decrypt(key: KeyObject, place: Place, sealed: Uint8Array): Uint8Array {
  const { keyId, nonce, ciphertext, tag } = readEnvelope(place, sealed);
  const decipher = createDecipheriv(cipherName, key, nonce, { authTagLength: tagBytes });
  decipher.setAAD(associatedData(place, keyId));
  decipher.setAuthTag(tag);
  // In counter mode the update gives all of the text; what `final` does is to check the tag.
  const plaintext = decipher.update(ciphertext);
  try {
    decipher.final();
    return new Uint8Array(plaintext);
  } catch {
    throw broken(place);
  } finally {
    plaintext.fill(0);
  }
}

function readEnvelope(place: Place, sealed: Uint8Array) {
  const nonceAt = 2 + (sealed[1] ?? 0);
  const textAt = nonceAt + nonceBytes;
  const tagAt = sealed.length - tagBytes;
  if (sealed[0] !== version || tagAt < textAt) throw broken(place);
  return {
    keyId: Buffer.from(sealed.subarray(2, nonceAt)).toString("utf8"),
    nonce: sealed.subarray(nonceAt, textAt),
    ciphertext: sealed.subarray(textAt, tagAt),
    tag: sealed.subarray(tagAt),
  };
}

/** Every part behind its own length, so that no two places read alike. */
function associatedData({ table, column, row }: Place, keyId: string): Uint8Array {
  return Buffer.concat(
    [table, column, row, keyId].flatMap((part) => {
      const bytes = Buffer.from(part);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return [length, bytes];
    }),
  );
}

function broken({ table, column }: Place): CardeaError {
  return new CardeaError(`a sealed value in ${table}.${column} was altered, cut or moved`, {
    code: "seal_broken",
    help: "Put the database back from your backup.",
  });
}
