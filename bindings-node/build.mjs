// Builds the add-on with cargo and copies it to `unblended.node`. Needs nothing but Node and Rust.
// UNBLENDED_PROFILE chooses the cargo profile: `release` (default) or `dev`, which is quicker to build.

import { spawnSync } from 'node:child_process';
import { copyFileSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const profile = process.env.UNBLENDED_PROFILE ?? 'release';
const args = ['build', '--locked', '--package', 'unblended-node', '--profile', profile];
args.push('--message-format', 'json-render-diagnostics');
const built = spawnSync('cargo', args, {
  cwd: here,
  encoding: 'utf8',
  maxBuffer: 1 << 28,
  stdio: ['ignore', 'pipe', 'inherit'],
});
if (built.error) {
  console.error(`unblended is built with Rust, and cargo cannot be run: ${built.error.message}`);
  console.error('Install Rust from https://rustup.rs and try again.');
  process.exit(1);
}
if (built.status !== 0) {
  process.exit(built.status ?? 1);
}
const messages = built.stdout.split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
const addOn = messages.findLast((it) => it.reason === 'compiler-artifact' && it.target.name === 'unblended_node');
const library = addOn?.filenames.find((name) => /\.(so|dylib|dll)$/.test(name));
if (!library) {
  console.error('cargo built no library');
  process.exit(1);
}
// A rename replaces the file that a running process has loaded; a copy onto it would crash that process.
const target = join(here, 'unblended.node');
copyFileSync(library, `${target}.new`);
renameSync(`${target}.new`, target);
