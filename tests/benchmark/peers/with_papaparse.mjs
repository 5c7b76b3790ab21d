// Papa Parse over a stream.

import { createReadStream } from 'node:fs';
import Papa from 'papaparse';
import { Sums } from './sums.mjs';

const job = JSON.parse(process.argv[2]);
for (const path of job.files) {
  const sums = new Sums(job);
  await new Promise((complete, error) => {
    const step = ({ data }) => sums.add(data);
    Papa.parse(createReadStream(path), { step, complete, error, skipEmptyLines: true });
  });
  sums.print();
}
