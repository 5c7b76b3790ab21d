// The shared vectors through the Node API. Unknown stages and leftover keys fail: nothing is skipped silently.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';

import { EcsUsage, Evidence, Policy, ServiceMap, UnblendedError, amortize, scan, split, splitCost } from 'unblended';

import { bytes, folder, root } from './support.mjs';

const require = createRequire(import.meta.url);
const { native } = require(join(root, 'bindings-node/lib/native.js'));
const { sync } = require(join(root, 'bindings-node/lib/errors.js'));

/** What the package does not offer: classification, parsing of amounts, the length of a term. */
const hook = (stage, input) => JSON.parse(sync(() => native.vector(stage, JSON.stringify(input))));

const stages = {
  money: ({ text, sum, ...rest }) => {
    none(rest);
    return sum ? hook('sum', sum) : hook('money', text);
  },
  split: ({ amount, weights, ...rest }) => {
    none(rest);
    if (weights.every(([, weight]) => weight === '0')) {
      assert.throws(() => split(amount, weights), { code: 'config.bad_value' });
      return { parts: null };
    }
    const parts = split(amount, weights);
    assert.deepEqual(parts.map(([key]) => key), weights.map(([key]) => key));
    return { parts: parts.map(([, part]) => part) };
  },
  split_cost: (input) => splitCost(input),
  classify: (input) => hook('classify', input),
  amortization: ({ fee, start, end, periods, ...rest }) => {
    none(rest);
    const seconds = hook('term_seconds', [start, end]);
    if (seconds === null) {
      assert.throws(() => amortize(fee, start, end), { code: 'fee.unknown_term' });
      return { term_seconds: null };
    }
    const all = amortize(fee, start, end);
    return { term_seconds: seconds, parts: Object.fromEntries(periods.map((it) => [it, all[it] ?? '0'])) };
  },
  finality,
  ecs_runs: async (input) => {
    const evidence = await read(input);
    const runs = (await evidence.taskRuns()).map(({ task, service, instance, cpu, memory, started, stopped }) => {
      return { task: task.split('/').at(-1), service, instance, cpu, memory, start: started, end: stopped };
    });
    return { runs, diagnostics: await codes(evidence) };
  },
  volumes: async (input) => {
    const evidence = await read(input);
    const attachments = (await evidence.attachments()).map(({ volume, instance, attached, detached }) => {
      return { volume, instance, start: attached, end: detached };
    });
    return { attachments, diagnostics: await codes(evidence) };
  },
  bases: endToEnd,
  categories: endToEnd,
  commitments: endToEnd,
  dialects: endToEnd,
  end_to_end: endToEnd,
  idle: endToEnd,
};

function none(rest) {
  assert.deepEqual(rest, {});
}

/** Rows as a bill, because that is what users have. */
async function finality({ period, as_of: asOf, rows, ...rest }) {
  none(rest);
  const columns = ['invoice_id', 'cost', 'description', 'payer_account', 'line_item_type'];
  const hasInvoices = rows.some((row) => (row.invoice_id ?? null) !== null);
  const names = ['Cost', 'ItemDescription', 'PayerAccountId', 'RecordType'];
  const head = [...(hasInvoices ? ['InvoiceID'] : []), ...names, 'ProductName', 'UsageStartDate', 'UsageEndDate'];
  const lines = rows.map((row) => {
    none(Object.fromEntries(Object.entries(row).filter(([key]) => !columns.includes(key))));
    const cells = [row.cost, row.description ?? '', row.payer_account ?? '111111111111'];
    const all = [...(hasInvoices ? [row.invoice_id ?? ''] : []), ...cells, row.line_item_type ?? 'LineItem', '', '', ''];
    return all.join(',');
  });
  const text = [head.join(',').replace('Cost', 'UnBlendedCost'), ...lines].join('\n');
  const bill = await scan(bytes(text), { period });
  const { entities } = await bill.inspect(asOf);
  const estimated = entities.flatMap((entity) => Object.values(entity.estimated)).map((kind) => kind.rows);
  return {
    status: await bill.status(asOf),
    invoice_ids: entities.flatMap((entity) => entity.invoiceIds).sort(),
    estimated_rows: estimated.reduce((sum, count) => sum + count, 0),
  };
}

function read({ as_of: asOf, default_cpu: defaultCpu, files, ...rest }) {
  none(rest);
  const text = (content) => {
    if (typeof content === 'string') return content;
    return Array.isArray(content) ? content.map((it) => JSON.stringify(it)).join('\n') : JSON.stringify(content);
  };
  const ecs = files.reduce((usage, [name, content]) => usage.withText(text(content), { name }), new EcsUsage());
  return Evidence.read({ ecs, asOf, defaultCpu });
}

async function codes(evidence) {
  return [...new Set((await evidence.diagnostics()).map((it) => it.code))].sort();
}

/** What `coverage` prints, as far as its keys are those of the report. */
function coverageOf(report) {
  const { mechanisms, unattributedProducts, wins } = report.coverage;
  return { mechanisms, unattributed_products: unattributedProducts, wins };
}

/** The typed command as calls of the package. */
async function endToEnd({ args, files, ...rest }, expect) {
  none(rest);
  const dir = folder();
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(dir, name), text);
  }
  const [command, bill, ...typed] = args;
  assert.ok(['rollup', 'coverage'].includes(command));
  const options = {};
  let period;
  for (let at = 0; at < typed.length; at += 1) {
    const name = typed[at];
    if (name === '--no-progress') continue;
    at += 1;
    if (name === '--output') assert.equal(typed[at], 'json');
    else if (name === '--policy') options.policy = await Policy.fromFile(join(dir, typed[at]));
    else if (name === '--services') options.services = new ServiceMap(join(dir, typed[at]));
    else if (name === '--currency') options.currency = typed[at];
    else if (name === '--period') period = typed[at];
    else if (name === '--basis') options.policy = new Policy({ basis: typed[at] });
    else if (name === '--volumes') options.volumes = join(dir, typed[at]);
    else if (name === '--reservations') options.reservations = join(dir, typed[at]);
    else if (['--tasks', '--instances'].includes(name)) options.ecs = [...(options.ecs ?? []), join(dir, typed[at])];
    else assert.fail(`no adapter for ${name}`);
  }
  const scanned = await scan(join(dir, bill), { policy: options.policy, period });
  const made = await scanned.attribute(options);
  const report = command === 'rollup' ? made.toJSON() : coverageOf(made);
  const output = Object.fromEntries(Object.keys(expect?.output ?? {}).map((key) => [key, report[key]]));
  if (expect?.counts === undefined) return { exit: 0, output };
  const count = (code) => report.diagnostics.filter((it) => it.code === code).reduce((sum, it) => sum + it.count, 0);
  return { exit: 0, output, counts: Object.fromEntries(Object.keys(expect.counts).map((it) => [it, count(it)])) };
}

let count = 0;
let wanted = 0;
for (const file of readdirSync(join(root, 'tests/vectors')).filter((name) => name.endsWith('.json')).sort()) {
  const stage = file.replace('.json', '');
  const vectors = JSON.parse(readFileSync(join(root, 'tests/vectors', file), 'utf8'));
  wanted += vectors.length;
  if (!Array.isArray(vectors)) continue;
  test(`${stage}: ${vectors.length} vectors`, async () => {
    for (const { name, why: _, stage: own, clause: __, input, expect, expect_error: refused, ...rest } of vectors) {
      none(rest);
      assert.equal(own, stage);
      assert.ok(stages[stage], `no adapter for the stage ${stage}`);
      const run = async () => stages[stage](structuredClone(input), expect);
      if (refused) {
        const isRight = (error) => error instanceof UnblendedError && error.code === refused.code;
        await assert.rejects(run, isRight, `${stage}: ${name}`);
      } else {
        assert.deepEqual(await run(), expect, `${stage}: ${name}`);
      }
      count += 1;
    }
  });
}

test('every vector ran', () => {
  console.log(`vectors: ${count}`);
  assert.equal(count, wanted);
});
