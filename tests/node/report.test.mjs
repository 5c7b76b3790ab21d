// Bills and reports: tables in every form, explanations, and the same bytes as the command line program.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';

import { tableFromIPC } from 'apache-arrow';
import { Bill, Evidence, Policy, Report, ServiceMap, formatDecimal, isFinal, scan } from 'unblended';

import { billText, bytes, cli, folder, month, sha256, withoutRunId } from './support.mjs';

const asOf = '2017-01-01T00:00:00Z';
let files;
let evidence;
let bill;
let report;
before(async () => {
  ({ files, evidence } = await month());
  bill = await scan(files.bill);
  report = await bill.attribute({ ...evidence, policy: await Policy.fromFile(files.policy), asOf });
});

const sum = (rows) => rows.map((row) => units(row.cost)).reduce((total, cost) => total + cost, 0n);
const units = (text) => {
  const [, sign, whole, fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
  return BigInt(`${sign}${whole}${fraction.padEnd(18, '0')}`);
};

test('every table sums to the bill', async () => {
  const { billed, carriedIn, deferred } = report.totals;
  assert.equal(billed, files.total);
  const whole = units(billed) + units(carriedIn) - units(deferred);
  for (const rows of await Promise.all([report.areaCosts(), report.productAreaCosts(), report.mechanisms(), report.cells()])) {
    assert.equal(sum(rows), whole);
  }
  assert.ok((await report.serviceCosts()).every((row) => row.cluster && row.service));
});

test('a report bridges from what was charged to its basis', async () => {
  const text = [
    'lineItem/LineItemType,lineItem/UsageStartDate,lineItem/UsageEndDate,lineItem/ProductCode,lineItem/UnblendedCost,reservation/EffectiveCost',
    'DiscountedUsage,2016-06-01T00:00:00Z,2016-06-01T01:00:00Z,AmazonEC2,0,0.1\n',
  ].join('\n');
  const policy = { basis: 'amortized', areas: { tag_keys: [] } };
  const covered = await scan(Buffer.from(text), { policy });
  const row = { kind: 'DiscountedUsage', rows: 1, unblended: '0', cost: '0.1', difference: '0.1' };
  assert.deepEqual((await covered.attribute({ policy })).bridge, [row]);
  assert.deepEqual((await covered.inspect()).bridge, { USD: [row] });
  assert.deepEqual([report.bridge, (await bill.inspect()).bridge], [null, undefined]);
});

test('the report has the bytes of the command line program, for 1 and for many threads', async () => {
  const typed = [files.bill, '--policy', files.policy, '--tasks', files.tasks, '--instances', files.instances];
  const more = ['--volumes', files.volumes, '--services', files.services, '--as-of', asOf, '--output', 'json'];
  const policy = await Policy.fromFile(files.policy);
  for (const threads of [1, 4]) {
    const said = cli(['rollup', ...typed, ...more, '--threads', String(threads), '--no-progress']);
    const read = await Evidence.read({ ...evidence, asOf, defaultCpu: policy.toJSON().containers.default_cpu });
    const scanned = await scan(files.bill, { policy, evidence: read, threads });
    const own = (await scanned.attribute({ policy, evidence: read, asOf })).toJson();
    assert.match(own, /"run_id":"[0-9a-f-]{36}"/);
    const [cliSha, ownSha] = [said, own].map((text) => sha256(withoutRunId(text)));
    assert.equal(ownSha, cliSha);
    console.log(`report sha256 ${ownSha} with ${threads} threads, as the command line program`);
  }
});

test('rows have camelCase keys and decimal text, and iterate in the order of the table', async () => {
  const rows = await report.cells();
  assert.deepEqual(Object.keys(rows[0]), [
    'product',
    'usageAccount',
    'productArea',
    'rowKind',
    'mechanism',
    'cluster',
    'service',
    'cost',
  ]);
  const iterated = [];
  for await (const row of report.rows('cells')) {
    iterated.push(row);
  }
  assert.deepEqual(iterated, rows);
  const json = report.toJSON();
  assert.deepEqual((await report.areaCosts()).map((row) => row.cost), json.area_costs.map((row) => row.cost));
  assert.equal(JSON.parse(JSON.stringify(report)).totals.billed, files.total);
  assert.equal('run_id' in json, false);
  const [found] = await report.diagnostics();
  assert.deepEqual(Object.keys(found).sort(), ['code', 'count', 'location', 'message', 'severity']);
  await assert.rejects(report.rows('nothing').next(), { code: 'config.bad_value' });
});

test('Arrow tables have the same rows with exact decimals', async () => {
  for (const name of ['areaCosts', 'serviceCosts', 'productAreaCosts', 'mechanisms', 'cells']) {
    const table = tableFromIPC(await report.tableIpc(name));
    const rows = await report[name]();
    assert.equal(table.numRows, rows.length);
    const field = table.schema.fields.find((it) => it.name === 'cost');
    assert.deepEqual([field.type.precision, field.type.scale], [38, 18]);
    const costs = Array.from(table.getChild('cost'), (cost) => formatDecimal(cost, field.type.scale));
    assert.deepEqual(costs, rows.map((row) => row.cost));
  }
  assert.equal(tableFromIPC(await report.tableIpc('diagnostics')).numRows, (await report.diagnostics()).length);
});

test('decimals are formatted from BigInt and from words', () => {
  assert.equal(formatDecimal(-1n), '-0.000000000000000001');
  assert.equal(formatDecimal(new Uint32Array([0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff])), '-0.000000000000000001');
  assert.equal(formatDecimal(12_500_000_000_000_000_000n), '12.5');
  assert.deepEqual([formatDecimal(0n), formatDecimal(100n, 0), formatDecimal(-50n, 2)], ['0', '100', '-0.5']);
});

test('one scan answers many policies', async () => {
  const separate = await bill.attribute({ ...evidence, policy: { containers: { idle: 'separate' } }, asOf });
  assert.notEqual(separate.totals.idle, '0');
  const idle = (await separate.areaCosts()).filter((it) => it.rowKind === 'idle');
  assert.ok(idle.every((it) => ['empty_host', 'unreserved'].includes(it.reason)));
  const policy = { containers: { idle: 'separate' } };
  const parts = ['empty_host', 'unreserved'].map((reason) => bill.explain({ ...evidence, policy, asOf, reason }));
  assert.equal(sum(await Promise.all(parts)), units(separate.totals.idle));
  assert.equal(separate.totals.billed, report.totals.billed);
  assert.notEqual(separate.digests.policy, report.digests.policy);
  const alone = await bill.attribute();
  assert.equal((await alone.serviceCosts()).length, 0);
  await assert.rejects(bill.attribute({ policy: { rulez: [] } }), { code: 'config.unknown_key', name: 'ConfigError' });
  await assert.rejects(bill.attribute({ currency: 'EUR' }), { code: 'config.currency' });
  await assert.rejects(bill.attribute({ polcy: {} }), /has no option `polcy`/);
});

test('a cell is explained to the last unit', async () => {
  const all = { ...evidence, policy: await Policy.fromFile(files.policy), asOf };
  const { contributions, cost } = await bill.explain({ ...all, productArea: 'api', rowKind: 'area' });
  const [row] = (await report.areaCosts()).filter((it) => it.productArea === 'api' && it.rowKind === 'area');
  assert.equal(cost, row.cost);
  assert.equal(sum(contributions.map(({ amount }) => ({ cost: amount }))), units(cost));
});

test('the rows of a cell are listed from the files of the bill', async () => {
  const all = { ...evidence, policy: await Policy.fromFile(files.policy), asOf };
  const few = await bill.explain({ ...all, product: 'Amazon Simple Storage Service', source: files.bill, rows: 3 });
  assert.deepEqual(few.rows.map(({ row }) => row).length, 3);
  assert.ok(few.rows.every(({ file, row }) => file.startsWith(files.bill) && row > 1));
  const whole = await bill.explain({ ...all, mechanism: 'tag', source: [files.bill], rows: 1_000_000 });
  const charges = whole.contributions.filter(({ charge }) => charge);
  assert.ok(whole.rows.length >= charges.length);
  const wrong = bill.explain({ ...all, source: files.bill, scanned: { threads: 1 } });
  await assert.rejects(wrong, /has no option `threads`/);
});

test('every charge is replaced by allocated charges that sum to the report', async () => {
  const all = { ...evidence, policy: await Policy.fromFile(files.policy), asOf };
  const rows = await bill.allocatedCharges(all);
  const { billed, carriedIn, deferred } = report.totals;
  assert.equal(sum(rows.map(({ BilledCost }) => ({ cost: BilledCost }))), units(billed) + units(carriedIn) - units(deferred));
  const [moved] = rows.filter((it) => it.AllocatedMethodId === 'unblended/ecs-cpu-seconds');
  assert.deepEqual(Object.keys(JSON.parse(moved.AllocatedMethodDetails)), ['Elements']);
  const hours = rows.filter((it) => it.ConsumedUnit === 'Hours');
  assert.ok(hours.length > 0 && hours.every((it) => /^[\d.]+$/.test(it.ConsumedQuantity)));
  await assert.rejects(bill.allocatedCharges({ polcy: {} }), /has no option `polcy`/);
});

test('bills are saved, loaded and merged', async () => {
  const path = join(folder(), 'june.bill');
  await bill.save(path);
  const loaded = await Bill.load(path);
  const copied = await Bill.fromBytes(await bill.toBytes());
  assert.deepEqual(new Uint8Array(await copied.toBytes()), new Uint8Array(readFileSync(path)));
  assert.equal(await loaded.digest(), await bill.digest());
  const one = await scan({ name: 'a.csv', stream: bytes(billText(['1', '2'])) });
  const other = await scan({ name: 'b.csv', stream: bytes(billText(['3'])) });
  const both = await one.merge(other);
  assert.equal(await both.digest(), await (await other.merge(one)).digest());
  assert.deepEqual([await both.billed(), both.rows], ['6', 3]);
  assert.equal(await (await new Bill().merge(one)).digest(), await one.digest());
  const july = await scan({ name: 'c.csv', stream: bytes(billText(['1']).replaceAll('2016-06', '2016-07')) });
  await assert.rejects(one.merge(july), { code: 'bill.incompatible', name: 'ConfigError' });
  await assert.rejects(Bill.fromBytes(bytes('no bill')), { code: 'bill.bad_file' });
  await assert.rejects(Bill.load('missing.bill'), { code: 'read.io', name: 'IoError' });
  assert.deepEqual([new Bill().period, new Bill().rows], [null, 0]);
});

test('bills say what they hold', async () => {
  const inspected = await bill.inspect(asOf);
  assert.equal(inspected.status, 'invoiced');
  assert.equal(await bill.status(new Date('2016-06-15T00:00:00Z')), 'open');
  assert.equal(inspected.digest, await bill.digest());
  assert.deepEqual(await bill.payers(), ['111111111111']);
  assert.deepEqual([bill.basis, bill.tagKeys], ['unblended', ['product_area']]);
  assert.ok(bill.charges > 0 && bill.charges < bill.rows);
  assert.ok(isFinal([{ invoiceId: '1', cost: '1' }], '2016-06', asOf).isFinal);
});

test('evidence is read once and tells what to keep', async () => {
  const read = await Evidence.read({ ...evidence, asOf });
  assert.equal(await read.digest(), report.digests.evidence);
  const resources = await read.resources();
  assert.ok(resources.some((it) => it.startsWith('i-')) && resources.some((it) => it.startsWith('vol-')));
  assert.deepEqual(await read.unattached(), []);
  const kept = await scan(files.bill, { evidence: read });
  const bare = await scan(files.bill, { keepIntervals: 'none' });
  assert.equal((await kept.attribute({ evidence: read, asOf })).digests.bill, report.digests.bill);
  await assert.rejects(bare.attribute({ evidence: read }), { code: 'attribute.not_scanned' });
  assert.ok((await read.serviceOwners()).every((owner) => owner.service && owner.area));
  const map = await Evidence.read({ services: new ServiceMap({ web: 'website' }, { encoding: 'plain' }) });
  assert.equal((await map.serviceOwners())[0].area, 'website');
  await assert.rejects(bill.attribute({ evidence: read, ecs: files.tasks }), /give either/);
});

test('policies are immutable and replaced in parts', () => {
  const policy = new Policy({ containers: { idle: 'separate', default_cpu: 256 } });
  const changed = policy.replace({ containers: { idle: 'spread' } });
  assert.deepEqual([changed.toJSON().containers.default_cpu, changed.toJSON().containers.idle], [256, 'spread']);
  assert.notEqual(changed.digest, policy.digest);
  assert.equal(Policy.fromJson(policy.toJson()).digest, policy.digest);
  assert.equal(Policy.fromToml('[containers]\nidle = "separate"\ndefault_cpu = 256\n').digest, policy.digest);
  assert.deepEqual([policy.basis, policy.tagKeys], ['unblended', ['product_area']]);
});

test('reports come from attribution, and go through bytes', async () => {
  const copy = await Report.fromBytes(await report.toBytes());
  assert.equal(copy.toJson('x'), report.toJson('x'));
  await assert.rejects(Report.fromBytes(bytes('{}')), { code: 'config.bad_value' });
  assert.throws(() => new Report(), TypeError);
});
