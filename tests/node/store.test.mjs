// The store: runs are added, versions are finalized once, refusals are errors of state.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';

import { Reservations, StateError, Store, scan } from 'unblended';

import { billText, bytes, folder, month } from './support.mjs';

let bill;
let report;
let evidence;
before(async () => {
  const made = await month();
  ({ evidence } = made);
  bill = await scan(made.files.bill);
  report = await bill.attribute(evidence);
});

test('a run is appended, read back and finalized once', async () => {
  const path = join(folder(), 'unblended.sqlite');
  const store = await Store.open(path);
  const id = await store.append(report, bill);
  const [summary] = await store.runs({ period: '2016-06' });
  assert.deepEqual([summary.id, summary.totals.billed], [id, report.totals.billed]);
  assert.equal((await store.run(id)).toJson(id), report.toJson(id));
  assert.equal(await store.finalize({ id }), 1);
  assert.equal(await store.finalize({ period: '2016-06' }), 1);
  const [version] = await store.finalized();
  assert.deepEqual([version.runId, version.isLive, version.version], [id, true, 1]);

  const other = await bill.attribute({ ...evidence, policy: { containers: { idle: 'separate' } } });
  const second = await store.append(other, bill);
  await assert.rejects(store.finalize({ id: second }), (error) => {
    assert.ok(error instanceof StateError);
    assert.equal(error.code, 'finalize.recomputed');
    assert.ok(error.differences.some((area) => area.rowKind === 'idle' && area.finalized === '0'));
    return true;
  });
  assert.equal(await store.finalize({ id: second, restate: 'idle capacity is shown' }), 2);
  await store.close();
  await store.close();
  await assert.rejects(store.runs(), { code: 'store.io', name: 'IoError' });

  const again = await Store.open(path, { create: false });
  assert.equal((await again.runs()).length, 2);
  await again.close();
});

test('a bill that is not invoiced is refused', async () => {
  const store = await Store.open(join(folder(), 'unblended.sqlite'));
  const text = billText(['1']).replace('81234567', 'Estimated');
  const open = await scan({ name: 'x.csv', stream: bytes(text) });
  const id = await store.append(await open.attribute(), open);
  await assert.rejects(store.finalize({ id }), { code: 'finalize.not_final', name: 'StateError' });
  await assert.rejects(store.run('none'), { code: 'store.not_found' });
  await assert.rejects(store.runs({ period: 'June' }), { name: 'ConfigError' });
  await assert.rejects(store.runs({ month: '2016-06' }), /has no option `month`/);
  await store.close();
});

test('fees go from one period to the next through the store', async () => {
  const store = await Store.open(join(folder(), 'unblended.sqlite'));
  await store.append(report, bill);
  const fees = await store.reservations();
  const known = await fees.toObjects();
  assert.ok(known.length > 0);
  const july = billText(['1']).replaceAll('2016-06', '2016-07');
  const next = await scan({ name: '111111111111-aws-billing-detailed-line-items-2016-07.csv', stream: bytes(july) });
  const { carriedIn } = (await next.attribute({ reservations: fees })).totals;
  assert.notEqual(carriedIn, '0');
  assert.equal((await (await new Reservations().combine(fees)).toObjects()).length, known.length);
  const other = await Store.open(join(folder(), 'other.sqlite'));
  await other.addReservations(fees);
  assert.deepEqual(await (await other.reservations()).toObjects(), known);
  assert.equal((await other.reservations()).digest, fees.digest);
  await other.append(report, bill, { runId: 'run-1' });
  await assert.rejects(other.append(report, bill, { runId: 'run-1' }), { code: 'config.bad_value' });
  await other.close();
  await assert.rejects(next.attribute({ reservations: 'missing.csv' }), { code: 'read.io' });
  await store.close();
});

test('a store that does not exist is made only where that is wanted', async () => {
  const path = join(folder(), 'none.sqlite');
  await assert.rejects(Store.open(path, { create: false }), { code: 'store.io' });
  assert.equal(existsSync(path), false);
  assert.throws(() => new Store(), TypeError);
});
