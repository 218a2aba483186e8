/** Gives devices of a benchmark their credentials, over the import of REST. */

import { PSK } from './dtls/identities.mjs';

const AT_ONCE = 5000;

/** Devices `from` … `to`-1 by their names get the pre-shared key of the benchmarks; each is its own identity. */
export async function putCredentials({ http, token }, name, from, to) {
  for (let first = from; first < to; first += AT_ONCE) {
    const names = Array.from({ length: Math.min(AT_ONCE, to - first) }, (_, offset) => name(first + offset));
    const lines = names.map((each) => `${each},k1,psk,${each},hex:${PSK.toString('hex')}`);
    const answer = await fetch(`${http}/api/v1/credentials/import`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'text/csv' },
      body: ['endpoint,id,kind,identity,key', ...lines].join('\n'),
    });
    const text = await answer.text();
    const { created } = JSON.parse(text.trimEnd().split('\n').at(-1));
    if (!answer.ok || created !== names.length)
      throw new Error(`${created} of ${names.length} credentials were made: ${answer.status} ${text.slice(-300)}`);
  }
}
