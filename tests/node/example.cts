// The same types through `require`.

import unblended = require('unblended');

export async function billed(path: string): Promise<string> {
  const bill: unblended.Bill = await unblended.scan(path);
  return bill.billed();
}
