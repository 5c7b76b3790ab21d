// Errors: class, code, location and cause on every path across the border.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';

import * as unblended from 'unblended';

import { root } from './support.mjs';

const { Policy, UnblendedError, errorCodes, scan, split } = unblended;
const require = createRequire(import.meta.url);
const { native } = require(join(root, 'bindings-node/lib/native.js'));
const { later, sync } = require(join(root, 'bindings-node/lib/errors.js'));

const refused = (code, name) => (error) => {
  assert.ok(error instanceof UnblendedError && error instanceof Error);
  assert.ok(error instanceof unblended[name], error.name);
  assert.deepEqual([error.code, error.name], [code, name]);
  assert.ok(error.stack.includes('errors.test.mjs') || error.stack.includes('unblended'), error.stack);
  return true;
};

test('functions that answer at once throw', () => {
  assert.throws(() => split('1', { a: 0 }), refused('config.bad_value', 'ConfigError'));
  assert.throws(() => split('1', { a: '1.5' }), refused('config.bad_value', 'ConfigError'));
  assert.throws(() => split('x', { a: 1 }), refused('parse.bad_decimal', 'InputError'));
  assert.throws(() => split(0.5, { a: 1 }), TypeError);
});

test('functions that promise reject', async () => {
  await assert.rejects(scan('/no/such/file.csv'), refused('read.no_input', 'InputError'));
  await assert.rejects(Policy.fromFile('/no/such/file.toml'), (error) => {
    refused('read.io', 'IoError')(error);
    assert.equal(error.location.file, '/no/such/file.toml');
    assert.match(error.cause.message, /No such file|cannot find/);
    return true;
  });
});

test('objects of another class are refused', async () => {
  await assert.rejects(new unblended.Reservations().combine({}), TypeError);
  await assert.rejects(unblended.Bill.fromBytes('text'), TypeError);
  await assert.rejects(scan('x.csv', { evidence: {} }), TypeError);
});

test('a text that is larger than is taken is refused', async () => {
  const text = '\n'.repeat((32 << 20) + 1);
  const ecs = unblended.EcsUsage.fromText(text);
  await assert.rejects(unblended.Evidence.read({ ecs }), refused('config.too_large', 'LimitError'));
  assert.throws(() => Policy.fromToml(text), refused('config.too_large', 'LimitError'));
});

test('classes throw from constructors and static functions', () => {
  assert.throws(() => new Policy({ area: {} }), refused('config.unknown_key', 'ConfigError'));
  assert.throws(() => Policy.fromJson('{'), UnblendedError);
  assert.throws(() => Policy.fromToml('basis = "x"\n'), (error) => {
    assert.ok(error instanceof unblended.ConfigError);
    assert.equal(error.location?.row, 1);
    return true;
  });
});

test('a panic is an internal error, at once and in a promise', async () => {
  assert.throws(() => sync(() => native.failForTest('', true)), refused('internal.panic', 'InternalError'));
  await assert.rejects(later(() => native.failForTest('', false)), refused('internal.panic', 'InternalError'));
});

test('every code crosses the border with its class, at once and in a promise', async () => {
  for (const [code, { class: ofClass }] of Object.entries(errorCodes())) {
    const name = `${ofClass[0].toUpperCase()}${ofClass.slice(1)}Error`;
    assert.throws(() => sync(() => native.failForTest(code, true)), refused(code, name));
    await assert.rejects(later(() => native.failForTest(code, false)), refused(code, name));
  }
});

test('every code has the class it belongs to', () => {
  const all = errorCodes();
  assert.ok(Object.keys(all).length >= 40);
  for (const [code, info] of Object.entries(all)) {
    assert.equal(info.code, code);
    const payload = { code, class: info.class, message: 'm', location: { file: 'f', row: 2 }, causes: ['a', 'b'] };
    const raise = () => {
      throw new Error(JSON.stringify(payload));
    };
    assert.throws(() => sync(raise), (error) => {
      assert.equal(error.code, code);
      assert.equal(error.name.toLowerCase(), `${info.class}error`);
      assert.deepEqual(error.location, { file: 'f', row: 2 });
      assert.deepEqual([error.message, error.cause.message, error.cause.cause.message], ['m (f, row 2)', 'a', 'b']);
      return true;
    });
  }
});
