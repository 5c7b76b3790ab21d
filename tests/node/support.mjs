// What the tests share. They run in `target/node-tests`, where `run` puts them beside the installed package.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { demo } from 'unblended';

process.setMaxListeners(0);

/** The clone. */
export const root = process.env.UNBLENDED_ROOT;
/** The command line program as cargo builds it. */
export const program = process.env.UNBLENDED_PROGRAM;

/** A folder that is removed when the tests of the file are done. */
export function folder() {
  const path = mkdtempSync(join(tmpdir(), 'unblended-node-'));
  process.once('exit', () => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A demo month, and its parts as `attribute` takes them. */
export async function month(options = { rows: 5_000 }) {
  const files = await demo(folder(), options);
  const evidence = { ecs: [files.tasks, files.instances], volumes: files.volumes, services: files.services };
  return { files, evidence };
}

export const header =
  'InvoiceID,PayerAccountId,LinkedAccountId,RecordType,RecordId,ProductName,UsageType,Operation,ItemDescription,' +
  'UsageStartDate,UsageEndDate,UsageQuantity,UnBlendedCost,ResourceId,user:product_area\n';

/** A bill of the month with one row for each cost. */
export function billText(costs) {
  const rows = costs.map(
    (cost, at) =>
      `81234567,111111111111,111111111111,LineItem,${at},Amazon Elastic Compute Cloud,BoxUsage,RunInstances,,` +
      `2016-06-01 00:00:00,2016-06-01 01:00:00,1,${cost},i-${at},api\n`,
  );
  return header + rows.join('');
}

export const bytes = (text) => new TextEncoder().encode(text);

export const sha256 = (text) => createHash('sha256').update(text).digest('hex');

/** Standard output of the command line program. */
export function cli(args, options = {}) {
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], ...options });
}

/** The report of spec 11.2 without what no two runs share. */
export function withoutRunId(text) {
  return text.replace(/"run_id":"[^"]*",/, '');
}

/** Open files of this process below a folder (Linux only; else none are seen). */
export async function openFiles(below) {
  const { readdir, readlink } = await import('node:fs/promises');
  const fds = await readdir('/proc/self/fd').catch(() => []);
  const links = await Promise.all(fds.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')));
  return links.filter((link) => link.startsWith(below));
}
