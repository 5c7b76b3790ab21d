// The groups of a job in JavaScript, which has no decimals: exact sums are integers of 10^-18.

const DIGITS = 18;

/** `-1.25` as an integer of 10^-18. */
function units(text) {
  const [whole, fraction = ''] = text.split('.');
  return BigInt(whole + fraction.padEnd(DIGITS, '0'));
}

function decimal(units) {
  const sign = units < 0n ? '-' : '';
  const digits = (units < 0n ? -units : units).toString().padStart(DIGITS + 1, '0');
  return `${sign}${digits.slice(0, -DIGITS)}.${digits.slice(-DIGITS)}`;
}

/** Takes rows as arrays of text, the header first. */
export class Sums {
  #job;
  #at;
  #sums = new Map();

  constructor(job) {
    this.#job = job;
  }

  add(row) {
    const job = this.#job;
    if (this.#at === undefined) {
      const columns = { month: job.month, account: job.account, product: job.product, tag: job.tag, cost: job.cost };
      this.#at = Object.fromEntries(Object.entries(columns).map(([key, name]) => [key, row.indexOf(name)]));
      this.#at.kind = job.skip ? row.indexOf(job.skip.column) : -1;
      return;
    }
    const at = this.#at;
    if (at.kind >= 0 && job.skip.values.includes(row[at.kind])) return;
    const month = at.month < 0 ? job.period : row[at.month].slice(0, 7);
    const key = JSON.stringify([month, row[at.account], row[at.product], row[at.tag]]);
    const exact = job.mode === 'exact';
    const cost = exact ? units(row[at.cost]) : Number(row[at.cost]);
    this.#sums.set(key, (this.#sums.get(key) ?? (exact ? 0n : 0)) + cost);
  }

  print() {
    const quoted = (text) => `"${String(text).replaceAll('"', '""')}"`;
    console.log('month,account,product,tag,cost');
    for (const [key, sum] of this.#sums) {
      console.log([...JSON.parse(key), typeof sum === 'bigint' ? decimal(sum) : sum].map(quoted).join(','));
    }
  }
}
