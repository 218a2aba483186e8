/** Files in YAML, or in JSON, which is YAML too. */

import { readFileSync } from 'node:fs';

import { parseAllDocuments } from 'yaml';

import { messageOf, type AppError } from '#base';

/** What a YAML or JSON file holds. Throws what `refuse` makes of a sentence that names `what` and says what is wrong with it. */
export function readYaml(name: string, what: string, refuse: (message: string, cause?: unknown) => AppError): unknown {
  let bytes: Buffer;
  try {
    bytes = readFileSync(name);
  } catch (cause) {
    throw refuse(`${what} ${name} cannot be read: ${messageOf(cause)}`, cause);
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw refuse(`${what} ${name} is not UTF-8 text`, cause);
  }
  const documents = parseAllDocuments(text, { uniqueKeys: true });
  if (!Array.isArray(documents)) return undefined;
  if (documents.length > 1)
    throw refuse(`${what} ${name} holds ${documents.length} YAML documents: only one is allowed`);
  const [document] = documents;
  const [fault] = document?.errors ?? [];
  if (fault !== undefined) throw refuse(`${what} ${name} is not valid YAML: ${fault.message.trim()}`, fault);
  try {
    return document?.toJS();
  } catch (cause) {
    throw refuse(`${what} ${name} is not valid YAML: ${messageOf(cause)}`, cause);
  }
}
