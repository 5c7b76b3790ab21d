// Reading: every kind of source, back-pressure, abort and progress.

import assert from 'node:assert/strict';
import { createReadStream, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

import { tableFromArrays, tableToIPC } from 'apache-arrow';
import { InputError, IoError, scan, tagKeys } from 'unblended';

import { billText, bytes, folder, month, openFiles } from './support.mjs';

let files;
let digest;
before(async () => {
  ({ files } = await month());
  digest = await (await scan(files.bill)).digest();
});

async function* chunks(content, size = 4096) {
  for (let at = 0; at < content.length; at += size) {
    yield content.subarray(at, at + size);
  }
}

test('every kind of source gives the same bill', async () => {
  const content = readFileSync(files.bill);
  const name = files.bill;
  const named = (stream) => ({ name, stream });
  const sources = {
    'a path': files.bill,
    'a file URL': pathToFileURL(files.bill),
    'a list of paths': [files.bill],
    'a glob': files.bill.replace(/2016-06.*/, '*'),
    'a folder': join(files.bill, '..').replace(/\/$/, ''),
    'a Node stream': createReadStream(files.bill),
    'bytes': named(new Uint8Array(content)),
    'a Web stream': named(Readable.toWeb(createReadStream(files.bill))),
    'an async generator': named(chunks(content)),
    'an iterable': named([content.subarray(0, 100), content.subarray(100)]),
    'a stream in small chunks': named(chunks(content, 777)),
  };
  for (const [kind, source] of Object.entries(sources)) {
    const bill = await scan(source);
    assert.equal(await bill.digest(), digest, kind);
    assert.equal(bill.period, '2016-06', kind);
  }
});

test('Arrow IPC bytes are read like any other', async () => {
  const lines = billText(['1.25', '0.000000000000000001']).trimEnd().split('\n').map((line) => line.split(','));
  const columns = lines[0].map((name, at) => [name, lines.slice(1).map((line) => line[at])]);
  const table = tableFromArrays(Object.fromEntries(columns));
  const expected = await (await scan(bytes(billText(['1.25', '0.000000000000000001'])))).digest();
  for (const format of ['stream', 'file']) {
    const ipc = tableToIPC(table, format);
    const bill = await scan(ipc);
    assert.equal(await bill.billed(), '1.250000000000000001', format);
    assert.equal(await bill.digest(), expected, format);
    assert.equal(await (await scan({ name: 'a.arrow', stream: chunks(ipc, 100) })).digest(), expected, format);
    const cut = scan(ipc.subarray(0, ipc.length - 1));
    await assert.rejects(cut, { code: 'read.truncated' }, format);
  }
});

test('several streams and files are one bill', async () => {
  const dir = folder();
  writeFileSync(join(dir, 'a.csv'), billText(['1', '2']));
  const stream = Readable.from([bytes(billText(['3']))]);
  const bill = await scan([join(dir, 'a.csv'), { name: 'b.csv', stream }], { threads: 1 });
  assert.equal(await bill.billed(), '6');
});

test('a stream is not asked for more than the scan has room for', async () => {
  let given = 0;
  const row = billText(Array.from({ length: 200 }, () => '0.01')).split('\n').slice(1).join('\n');
  async function* endless() {
    yield bytes(billText(['1']));
    for (;;) {
      given += 1;
      yield bytes(row);
    }
  }
  // The first stream of a scan on one thread is read to its end before the second; that one has to wait.
  const gate = Promise.withResolvers?.() ?? withResolvers();
  async function* slow() {
    yield bytes(billText(['1']));
    await gate.promise;
  }
  const abort = new AbortController();
  const scanning = scan([{ name: 'a', stream: slow() }, { name: 'b', stream: endless() }], {
    threads: 1,
    signal: abort.signal,
  });
  await sleep(300);
  assert.ok(given * row.length < 4 << 20, `${given} chunks of ${row.length} bytes were taken`);
  abort.abort();
  await assert.rejects(scanning, { name: 'AbortError' });
  gate.resolve();
});

function withResolvers() {
  const made = {};
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
  return made;
}

test('the error of a source is the cause', async () => {
  const broken = new Error('the line was cut');
  async function* stream() {
    yield bytes(billText(['1', '2']));
    throw broken;
  }
  await assert.rejects(scan({ name: 'x.csv', stream: stream() }), (error) => {
    assert.ok(error instanceof IoError);
    assert.equal(error.code, 'read.io');
    assert.equal(error.location.file, 'x.csv');
    assert.equal(error.cause, broken);
    return true;
  });
});

test('a source that gives text is a TypeError', async () => {
  const text = Readable.from(['a,b\n'], { encoding: 'utf8' });
  await assert.rejects(scan({ name: 'x.csv', stream: text }), TypeError);
  await assert.rejects(scan(7), TypeError);
  await assert.rejects(scan(files.bill, { tagKey: ['x'] }), /has no option `tagKey`/);
  await assert.rejects(scan(files.bill, { policy: {}, basis: 'unblended' }), /give either/);
});

test('a bad row says where it is', async () => {
  await assert.rejects(scan({ name: 'x.csv', stream: bytes(billText(['1', 'abc'])) }), (error) => {
    assert.ok(error instanceof InputError);
    assert.equal(error.code, 'parse.bad_decimal');
    assert.deepEqual({ ...error.location, byte: 0 }, { file: 'x.csv', row: 3, byte: 0, column: 'UnBlendedCost' });
    assert.match(error.message, /`abc`.*x\.csv, row 3/);
    return true;
  });
  const bill = await scan({ name: 'x.csv', stream: bytes(billText(['1', 'abc'])) }, { maxBadRows: 1 });
  assert.equal(bill.rows, 1);
  assert.equal((await bill.inspect()).diagnostics.length > 0, true);
});

test('options reach the scan', async () => {
  const source = () => ({ name: 'x.csv', stream: bytes(billText(['1'])) });
  const bill = await scan(source(), { currency: 'EUR', tagKeys: [], keepIntervals: 'none' });
  assert.deepEqual([await bill.currencies(), bill.tagKeys], [['EUR'], []]);
  await assert.rejects(scan(source(), { tagKeys: ['prduct_area'] }), { code: 'read.unknown_tag_key' });
  await assert.rejects(scan([source(), source()]), { code: 'read.duplicate' });
  assert.equal((await scan([source(), source()], { allowDuplicates: true })).rows, 2);
  await assert.rejects(scan(source(), { basis: 'net' }), { code: 'config.bad_value' });
  await assert.rejects(scan(source(), { period: '2016-13' }), { name: 'ConfigError' });
  assert.deepEqual(await tagKeys(files.bill), ['Name', 'aws:createdBy', 'product_area']);
  await assert.rejects(tagKeys(files.bill, { period: '2016-13' }), { code: 'config.bad_value' });
  const more = await scan(files.bill, { policy: {}, moreTagKeys: ['Name'] });
  assert.deepEqual(more.tagKeys, ['product_area', 'Name']);
});

test('an aborted scan rejects with the reason and lets go of files and streams', async () => {
  const reason = new Error('enough');
  await assert.rejects(scan(files.bill, { signal: AbortSignal.abort(reason) }), reason);

  const dir = folder();
  const path = join(dir, '111111111111-aws-billing-detailed-line-items-with-resources-and-tags-2016-06.csv');
  writeFileSync(path, billText(Array.from({ length: 300_000 }, (_, at) => `0.${at}`)));
  for (const source of [() => path, () => createReadStream(path)]) {
    const abort = new AbortController();
    const scanning = scan(source(), { signal: abort.signal, onProgress: () => abort.abort(reason) });
    await assert.rejects(scanning, reason);
    await sleep(50);
    assert.deepEqual(await openFiles(dir), []);
  }
  const abort = new AbortController();
  let isReturned = false;
  const stuck = {
    next: () => new Promise(() => {}),
    return: () => {
      isReturned = true;
      return Promise.resolve({ done: true });
    },
  };
  const scanning = scan({ name: 'x', stream: { [Symbol.asyncIterator]: () => stuck } }, { signal: abort.signal });
  setTimeout(() => abort.abort(reason), 20);
  await assert.rejects(scanning, reason);
  assert.ok(isReturned);
});

test('aborted scans give their memory back', async () => {
  const path = join(folder(), '111111111111-aws-billing-detailed-line-items-with-resources-and-tags-2016-06.csv');
  writeFileSync(path, billText(Array.from({ length: 200_000 }, (_, at) => `0.${at}`)));
  const abortOften = async (times) => {
    for (let at = 0; at < times; at += 1) {
      const abort = new AbortController();
      const scanning = scan(createReadStream(path), { signal: abort.signal, onProgress: () => abort.abort() });
      await assert.rejects(scanning, { name: 'AbortError' });
    }
    await sleep(50);
    return process.memoryUsage().rss;
  };
  const before = await abortOften(10);
  const after = await abortOften(30);
  // What one scan holds, times 30, would be far more.
  assert.ok(after - before < 64 * 2 ** 20, `${before} → ${after} bytes`);
});

test('progress comes before the promise is settled, and what it throws ends the scan', async () => {
  const seen = [];
  const bill = await scan(files.bill, { onProgress: (progress) => seen.push(progress) });
  const count = seen.length;
  await sleep(120);
  assert.equal(seen.length, count, 'progress after the end');
  const { bytesDone, bytesTotal, rows } = seen.at(-1);
  assert.ok(bytesDone > 0 && bytesDone === bytesTotal);
  assert.equal(rows, bill.rows + bill.excludedRows);
  const oops = new Error('oops');
  const failing = scan(files.bill, {
    onProgress: () => {
      throw oops;
    },
  });
  await assert.rejects(failing, oops);
});

test('four concurrent scans give the right bills', async () => {
  const sources = Array.from({ length: 4 }, (_, at) => (at % 2 ? createReadStream(files.bill) : files.bill));
  const bills = await Promise.all(sources.map((source) => scan(source)));
  for (const bill of bills) {
    assert.equal(await bill.digest(), digest);
  }
});
