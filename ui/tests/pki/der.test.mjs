import assert from "node:assert/strict";
import { createCipheriv, createHash, randomBytes } from "node:crypto";
import { test } from "node:test";
import { fromHex, hex, utf8 } from "../../src/pki/bytes";
import * as der from "../../src/pki/der";
import { encrypt3des } from "../../src/pki/des";
import { hash, rehash, SHA1, SHA256 } from "../../src/pki/hash";

test("what the writer writes", () => {
  const rows = [
    [der.int(0), "020100"],
    [der.int(127), "02017f"],
    [der.int(128), "02020080"],
    [der.int(600000), "02030927c0"],
    [der.uint(fromHex("0000")), "020100"],
    [der.uint(fromHex("00ff")), "020200ff"],
    [der.oid("1.2.840.113549.1.1.11"), "06092a864886f70d01010b"],
    [der.oid("2.16.840.1.101.3.4.1.42"), "060960864801650304012a"],
    [der.oid("2.5.29.30"), "0603551d1e"],
    [der.text("é"), "0c02c3a9"],
    [der.bits(1, fromHex("06")), "03020106"],
    [der.time(2524607999), "170d3439313233313233353935395a"],
    [der.time(2524608000), "180f32303530303130313030303030305a"],
    [der.setOf(der.int(2), der.int(1), der.int(2)), "3106020101020102"],
    [der.octets(new Uint8Array(128)).slice(0, 3), "048180"],
    [der.octets(new Uint8Array(65536)).slice(0, 5), "0483010000"],
  ];
  for (const [is, want] of rows) assert.equal(hex(is), want);
});

test("what the reader refuses", () => {
  for (const bad of ["", "30", "3001", "308000", "30810100", "3082000100", "1f0100", "0000", "3084ffffffff00", "30850000000001"])
    assert.throws(() => new der.Reader(fromHex(bad)).next(), der.BadDer, bad);
  for (const bad of ["0200", "020180", "02020001", "040101"])
    assert.throws(() => der.readUint(new der.Reader(fromHex(bad)).next()), der.BadDer, bad);
  for (const bad of ["170d3439313333313233353935395a", "170b343931323331323335395a", "180f32303439303130313030303030305a", "170d3235303233303030303030305a"])
    assert.throws(() => der.readTime(new der.Reader(fromHex(bad)).next()), der.BadDer, bad);
  assert.throws(() => der.whole(fromHex("020100ff"), der.INTEGER), der.BadDer);
  assert.throws(() => der.readBits(new der.Reader(fromHex("03020106")).next()), der.BadDer);
});

test("times read back", () => {
  for (const utc of [0, 951782400, 1795651200, 2524607999, 2524608000, 4102444799])
    assert.equal(der.readTime(new der.Reader(der.time(utc)).next()), utc);
});

test("hashes are those of everybody", () => {
  for (const [ours, name] of [[SHA1, "sha1"], [SHA256, "sha256"]])
    for (const n of [0, 1, 55, 56, 63, 64, 65, 127, 128, 1000]) {
      const message = new Uint8Array(randomBytes(n));
      const want = createHash(name).update(message).digest();
      assert.deepEqual(hash(ours, message), new Uint8Array(want), `${name} of ${n}`);
      const twice = createHash(name).update(createHash(name).update(want).digest()).digest();
      assert.deepEqual(rehash(ours, hash(ours, message), 2), new Uint8Array(twice), `${name} again`);
    }
});

test("triple DES is everybody's", () => {
  for (const n of [0, 1, 7, 8, 9, 100]) {
    const [key, iv, plain] = [24, 8, n].map((size) => new Uint8Array(randomBytes(size)));
    const c = createCipheriv("des-ede3-cbc", key, iv);
    assert.equal(hex(encrypt3des(key, iv, plain)), Buffer.concat([c.update(plain), c.final()]).toString("hex"));
  }
  assert.equal(utf8("é").length, 2);
});
