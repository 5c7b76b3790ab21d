// Rolls up a bill that arrives as a stream, and writes the run to a store.
//
//   node docs/rollup.mjs FOLDER [STORE]
//
// FOLDER holds a month as `unblended demo FOLDER` writes it; STORE is `FOLDER/unblended.sqlite` where left out. In
// production the stream is the body of an S3 object, or of any download: nothing but this file's `open` knows.

import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { EcsUsage, Evidence, Policy, Store, UnblendedError, VolumeAttachments, scan } from 'unblended';

const [folder, storePath = folder && join(folder, 'unblended.sqlite')] = process.argv.slice(2);
if (!folder) {
  console.error('usage: node rollup.mjs FOLDER [STORE]');
  process.exit(2);
}

/** A stream of bytes. */
function open(path) {
  return createReadStream(path);
}

async function rollup() {
  const name = (await readdir(folder)).find((it) => /-aws-billing-.*\.(zip|csv)$/.test(it));
  if (!name) {
    throw new Error(`there is no bill in ${folder}`);
  }

  // Evidence is read first, so that the scan keeps the usage intervals it needs, and no others.
  const policy = await Policy.fromFile(join(folder, 'unblended.toml'));
  const evidence = await Evidence.read({
    ecs: new EcsUsage([join(folder, 'tasks.jsonl'), join(folder, 'instances.json')]),
    volumes: new VolumeAttachments(join(folder, 'volumes.jsonl')),
    services: join(folder, 'services.json'),
    defaultCpu: policy.toJSON().containers.default_cpu,
  });

  // The name of the stream tells the billing period, as the name of the file does.
  const bill = await scan({ name, stream: open(join(folder, name)) }, { policy, evidence });

  const store = await Store.open(storePath);
  try {
    // The part of earlier fees that belongs to this period comes from the store.
    const report = await bill.attribute({ policy, evidence, reservations: await store.reservations() });
    const id = await store.append(report, bill);
    for await (const { productArea, rowKind, cost } of report.rows('areaCosts')) {
      console.log([productArea ?? '', rowKind, cost].join('\t'));
    }
    console.error(`${report.period} is ${report.status}: ${report.totals.billed} ${report.currency}, run ${id}`);
    if (report.status === 'invoiced') {
      console.error(`finalized as version ${await store.finalize({ id })}`);
    }
  } finally {
    await store.close();
  }
}

try {
  await rollup();
} catch (error) {
  console.error(error instanceof UnblendedError ? `${error.code}: ${error.message}` : error);
  process.exitCode = 1;
}
