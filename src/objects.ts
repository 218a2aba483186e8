/**
 * Reads object definitions from disk: the package's own `objects/` and folders of the user's, each file one object in the
 * registry's XML format. A later folder replaces what an earlier one said of the same object and version.
 */

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AppError, messageOf } from '#base';
import { DEFINITION_LIMITS, DefinitionError, ObjectCatalogue, parseObjectDefinition } from '#lwm2m/model';
import type { DefinitionLimits, ObjectDefinition } from '#lwm2m/model';

/** The package's own definitions; beside `dist/` when built and beside `src/` in the sources. */
export const OWN_OBJECTS: string = fileURLToPath(new URL('../objects', import.meta.url));

/**
 * The package's own definitions and those of `folders`, in this order. Of each folder every `*.xml` is read, without
 * subfolders; the registry's two summaries, which define no object, are passed over. `limits` bind the user's. Throws AppError
 * (`bad_object_definition`) naming file, line and reason, or the folder that cannot be read.
 */
export function loadObjects(folders: readonly string[], limits: DefinitionLimits = DEFINITION_LIMITS): ObjectCatalogue {
  const catalogue = new ObjectCatalogue();
  for (const folder of [OWN_OBJECTS, ...folders]) {
    for (const definition of readFolder(folder, folder === OWN_OBJECTS ? DEFINITION_LIMITS : limits))
      catalogue.add(definition);
  }
  return catalogue;
}

function readFolder(folder: string, limits: DefinitionLimits): readonly ObjectDefinition[] {
  const files = new Map<string, string>();
  return definitionFiles(folder).map((file) => {
    const definition = readDefinition(file, limits);
    const key = `${definition.id} ${definition.version}`;
    const other = files.get(key);
    if (other !== undefined) {
      throw refusal(`${file}: object ${definition.id} version ${definition.version} is defined in ${other} too`);
    }
    files.set(key, file);
    return definition;
  });
}

function definitionFiles(folder: string): readonly string[] {
  try {
    const names = readdirSync(folder).filter((name) => /\.xml$/i.test(name) && !REGISTRY_SUMMARIES.has(name));
    return names.sort().map((name) => join(folder, name));
  } catch (cause) {
    throw refusal(`folder of object definitions: ${messageOf(cause)}`, cause);
  }
}

function readDefinition(file: string, limits: DefinitionLimits): ObjectDefinition {
  try {
    const { size } = statSync(file);
    if (size > limits.bytes) throw refusal(`${file}: ${size} bytes, of at most ${limits.bytes}`);
    return parseObjectDefinition(readFileSync(file), limits);
  } catch (cause) {
    if (cause instanceof DefinitionError) throw refusal(`${file}:${cause.line}: ${cause.detail}`, cause);
    throw cause instanceof AppError ? cause : refusal(`object definition ${file}: ${messageOf(cause)}`, cause);
  }
}

function refusal(message: string, cause?: unknown): AppError {
  return new AppError('bad_object_definition', message, { cause });
}

/** Files of a registry folder that list objects and reusable resources and define none. */
const REGISTRY_SUMMARIES: ReadonlySet<string> = new Set(['Common.xml', 'DDF.xml']);
