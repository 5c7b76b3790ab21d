// csv-parse over a stream.

import { createReadStream } from 'node:fs';
import { parse } from 'csv-parse';
import { Sums } from './sums.mjs';

const job = JSON.parse(process.argv[2]);
for (const path of job.files) {
  const sums = new Sums(job);
  for await (const row of createReadStream(path).pipe(parse())) sums.add(row);
  sums.print();
}
