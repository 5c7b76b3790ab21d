// The package itself: both module systems, types, pure functions, the program, the rollup script.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

import * as esm from 'unblended';

import { cli, folder, root, withoutRunId } from './support.mjs';

const run = promisify(execFile);
const require = createRequire(import.meta.url);
const { allocateCpu, amortize, demo, isFinal, schemas, split, version } = esm;

test('import and require give the same objects', () => {
  const cjs = require('unblended');
  const names = Object.keys(cjs).sort();
  assert.deepEqual(Object.keys(esm).filter((name) => name !== 'default').sort(), names);
  for (const name of names.filter((it) => typeof cjs[it] === 'function')) {
    assert.equal(esm[name], cjs[name]);
  }
  assert.equal(version, require('unblended/package.json').version);
});

test('the types name what the package exports, and no more', () => {
  const text = readFileSync(join(root, 'bindings-node/index.d.ts'), 'utf8');
  const typed = [...text.matchAll(/^export (?:class|function|const) (\w+)/gm)].map(([, name]) => name);
  assert.deepEqual([...new Set(typed)].sort(), Object.keys(require('unblended')).sort());
  for (const type of ['Bill', 'Evidence', 'Policy', 'Report', 'Reservations', 'Store']) {
    const [, body] = new RegExp(`^export class ${type} \\{$(.*?)^\\}$`, 'ms').exec(text);
    const members = [...body.matchAll(/^ {2}(?:static |readonly )*(\w+)[<(:]/gm)].map(([, name]) => name);
    const own = (object) => Object.getOwnPropertyNames(object).filter((name) => !['constructor', 'length', 'name', 'prototype'].includes(name));
    const real = [...own(esm[type].prototype), ...own(esm[type])];
    assert.deepEqual([...new Set(members)].filter((name) => name !== 'constructor').sort(), [...new Set(real)].sort(), type);
  }
});

/** Where the languages differ on purpose: what Python has → what stands for it here, or null where types do. */
const idioms = {
  // Plain objects here, with types of the same names.
  DemoFiles: null,
  ErrorInfo: null,
  Finality: null,
  Totals: null,
  // Causes are plain errors; the rows of a table are arrays and async iterators, its Arrow form is bytes.
  ErrorCause: null,
  Table: null,
  'Report.table': 'Report.tableIpc',
  // What JSON.stringify looks for.
  'Policy.toDict': 'Policy.toJSON',
  'Report.toDict': 'Report.toJSON',
  'Reservations.toDicts': 'Reservations.toObjects',
};
const onlyHere = ['Evidence.read', 'Report.rows', 'Reservations.read', 'formatDecimal', 'version'];

test('the surface is that of the Python package, in camelCase', () => {
  const { functions, classes, error_codes: codes } = JSON.parse(
    readFileSync(join(root, 'tests/python/surface.json'), 'utf8'),
  );
  const camel = (name) => name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());
  const there = Object.keys(functions).map(camel);
  for (const [type, members] of Object.entries(classes).filter(([type]) => idioms[type] !== null)) {
    there.push(type, ...(type.endsWith('Error') ? [] : members.map((member) => `${type}.${camel(member)}`)));
  }
  const wanted = there.map((name) => idioms[name] ?? name);
  const here = Object.keys(esm).flatMap((name) => {
    const isClass = /^[A-Z]/.test(name);
    if (!isClass || name.endsWith('Error')) return [name];
    const chain = [esm[name], Object.getPrototypeOf(esm[name])].filter((type) => type !== Function.prototype);
    const members = chain.flatMap((type) => [...Object.getOwnPropertyNames(type.prototype), ...Object.getOwnPropertyNames(type)]);
    return [name, ...members.filter((it) => !['constructor', 'length', 'name', 'prototype'].includes(it)).map((it) => `${name}.${it}`)];
  });
  assert.deepEqual([...new Set(here)].sort(), [...new Set([...wanted, ...onlyHere])].sort());
  const own = Object.fromEntries(Object.values(esm.errorCodes()).map((info) => [info.code, info.class]));
  assert.deepEqual(own, codes);
});

test('the pure functions answer at once, exactly', () => {
  assert.deepEqual(split('1', { a: 1, b: 2 }), { a: '0.333333333333333333', b: '0.666666666666666667' });
  assert.deepEqual(split(10n, new Map([['x', 1n], ['y', 1]])), new Map([['x', '5'], ['y', '5']]));
  assert.deepEqual(split('-1', [['a', 1], ['a2', 3]]), [['a', '-0.25'], ['a2', '-0.75']]);
  const parts = amortize('365', '2016-12-31 00:00:00', '2017-12-30 23:59:59');
  assert.deepEqual([Object.keys(parts).length, parts['2016-12']], [13, '1']);
  const allocated = allocateCpu({
    cost: '1.8',
    start: '2016-06-01T00:00:00Z',
    end: new Date('2016-06-01T01:00:00Z'),
    capacity: 36_864,
    runs: [{ service: 'web', cpu: 4096, started: '2016-05-31T00:00:00Z', stopped: '2016-06-01T00:15:00Z' }],
  });
  assert.deepEqual(allocated, { '': '1.75', web: '0.05' });
  assert.equal(allocateCpu({ cost: 1, start: '2016-06-01', end: '2016-06-02', runs: [] }), null);
  const rows = [{ invoiceId: '1', cost: '1' }, { invoiceId: 'Estimated', cost: 2 }];
  assert.deepEqual(isFinal(rows, '2016-06', '2016-08-01T00:00:00Z'), {
    isFinal: false,
    estimatedRows: 1,
    unknownRows: 0,
    isOver: true,
  });
});

test('schemas are those of the command line program', () => {
  assert.deepEqual(schemas(), JSON.parse(cli(['schema'])));
});

test('the demo is the same for the same options', async () => {
  const [one, other] = await Promise.all([demo(folder(), { rows: 3_000, seed: 7 }), demo(folder(), { rows: 3_000, seed: 7 })]);
  assert.deepEqual([one.total, one.rows], [other.total, other.rows]);
  assert.equal(readFileSync(one.tasks, 'utf8'), readFileSync(other.tasks, 'utf8'));
  await assert.rejects(demo(folder(), { row: 1 }), /has no option `row`/);
});

test('the demo is written in every dialect asked for', async () => {
  const files = await demo(folder(), { rows: 3_000, dialects: ['focus', 'dbr'] });
  assert.deepEqual(Object.keys(files.bills), ['focus', 'dbr']);
  assert.equal(files.bill, files.bills.focus);
  const alone = await demo(folder(), { rows: 3_000 });
  assert.deepEqual(readFileSync(files.bills.dbr), readFileSync(alone.bill));
  assert.deepEqual([files.total, files.rounding], [alone.total, alone.rounding]);
  await assert.rejects(demo(folder(), { dialects: ['csv'] }), { code: 'config.bad_value' });
  await assert.rejects(demo(folder(), { savingsPlan: true }), { code: 'config.bad_value' });
  const more = await demo(folder(), { rows: 3_000, dialects: ['cur2'], savingsPlan: true, splitCosts: true });
  assert.match(readFileSync(more.readme, 'utf8'), /savings plan covers[^]*split_check/);
});

test('the program of the package is the command line program', async () => {
  const bin = join(process.cwd(), 'node_modules/.bin/unblended');
  const { stdout } = await run(bin, ['--version']);
  assert.equal(stdout, cli(['--version']));
  const { bill } = await demo(folder(), { rows: 3_000 });
  const args = ['rollup', bill, '--output', 'json', '--no-progress', '--as-of', '2017-01-01T00:00:00Z'];
  assert.equal(withoutRunId((await run(bin, args)).stdout), withoutRunId(cli(args)));
  await assert.rejects(run(bin, ['rollup', 'missing.csv']), (error) => {
    assert.equal(error.code, 2);
    assert.match(error.stderr, /read\.no_input/);
    return true;
  });
});

test('the rollup script streams the demo month into a store', async () => {
  const dir = folder();
  await demo(dir, { rows: 5_000 });
  const { stdout, stderr } = await run(process.execPath, ['rollup.mjs', dir]);
  assert.match(stderr, /2016-06 is invoiced: [\d.]+ USD, run [0-9a-f-]{36}/);
  assert.match(stderr, /finalized as version 1/);
  const runs = JSON.parse(cli(['runs', '--store', join(dir, 'unblended.sqlite'), '--output', 'json']));
  const report = await (await esm.Store.open(join(dir, 'unblended.sqlite'))).run(runs.runs[0].id);
  const areas = await report.areaCosts();
  assert.deepEqual(stdout.trimEnd().split('\n').length, areas.length);
  await assert.rejects(run(process.execPath, ['rollup.mjs']), { code: 2 });
});

test('the example of the README runs as printed', async () => {
  const readme = readFileSync(join(root, 'bindings-node/README.md'), 'utf8');
  const [, example] = /```js\n(.*?)```/s.exec(readme);
  const file = join(process.cwd(), 'readme-example.mjs');
  writeFileSync(file, example);
  const { stdout } = await run(process.execPath, [file], { cwd: folder() });
  assert.match(stdout, /productArea.*rowKind.*cost/);
  assert.match(stdout, /'website'.*'area'/);
});

test('the short example of the root README runs as printed', async () => {
  const [, example] = /```js\n(.*?)```/s.exec(readFileSync(join(root, 'README.md'), 'utf8'));
  const file = join(process.cwd(), 'root-readme-example.mjs');
  writeFileSync(file, example);
  const { stdout } = await run(process.execPath, [file], { cwd: folder() });
  assert.match(stdout, /^api area \d/m);
});

test('a scan keeps the process alive until it is done, and progress does not', async () => {
  const { bill } = await demo(folder(), { rows: 3_000 });
  const script = `const { scan } = require('unblended');
    scan(${JSON.stringify(bill)}, { onProgress() {} }).then((it) => console.log(it.period));`;
  assert.equal((await run(process.execPath, ['-e', script], { timeout: 20_000 })).stdout, '2016-06\n');
});
