// The README's example and more, for the type checker.

import {
  type AreaCost,
  type Diagnostic,
  Bill,
  EcsUsage,
  InputError,
  Policy,
  Store,
  UnblendedError,
  formatDecimal,
  scan,
  split,
} from 'unblended';
import { createReadStream } from 'node:fs';

export async function monthly(folder: string, signal: AbortSignal): Promise<AreaCost[]> {
  const policy = new Policy({ areas: { tag_keys: ['product_area'] }, containers: { idle: 'separate' } });
  const bill: Bill = await scan(createReadStream(`${folder}/bill.csv.zip`), {
    policy,
    signal,
    onProgress: ({ bytesDone, bytesTotal }) => console.log(bytesDone / bytesTotal),
  });
  const report = await bill.attribute({
    policy,
    ecs: new EcsUsage(`${folder}/tasks.jsonl`),
    services: { web: 'website' },
    asOf: new Date(),
  });
  const unattributed: string = report.totals.unattributed;
  console.log(unattributed, report.status === 'invoiced');
  for await (const cell of report.rows('cells')) {
    const mechanism: 'ecs' | undefined = cell.mechanism === 'ecs' ? cell.mechanism : undefined;
    console.log(mechanism, cell.cost);
  }
  const found: Diagnostic[] = await report.diagnostics();
  console.log(found.length);
  const store = await Store.open(`${folder}/unblended.sqlite`);
  await store.finalize({ id: await store.append(report, bill) });
  const bytes: Uint8Array = await report.tableIpc('areaCosts');
  console.log(bytes.length, formatDecimal(1n), split('1', { a: 1n }).a);
  return report.areaCosts();
}

export async function sources(web: ReadableStream<Uint8Array>): Promise<void> {
  await scan(['a.csv', { name: 'b.csv', stream: web }, new Uint8Array()], { keepIntervals: ['i-1'] });
  // @ts-expect-error money is never a fraction of a binary number by accident
  split(true, { a: 1 });
  // @ts-expect-error unknown options are refused
  await scan('a.csv', { tagKey: 'x' });
}

export function code(error: unknown): string | undefined {
  if (error instanceof InputError) {
    return error.location?.file;
  }
  return error instanceof UnblendedError ? error.code : undefined;
}
