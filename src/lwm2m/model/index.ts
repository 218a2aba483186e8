/** The words of LwM2M: paths, values, definitions, registrations, operations. The fleet sees only this folder of lwm2m. */

export { LEVELS, MAX_ID, isWithin, levelOf, parsePath, samePath, showPath, tryParsePath } from './path.js';
export type { Level, Path } from './path.js';
export { RESOURCE_TYPES, exactInteger } from './value.js';
export type {
  CompositeEntry,
  InstanceNode,
  MultipleNode,
  Node,
  ObjectLink,
  ObjectNode,
  PlacedNode,
  ResourceNode,
  ResourceType,
  Scalar,
  SingleNode,
} from './value.js';
export { ENABLER_VERSIONS } from './registration.js';
export type {
  DeviceDialect,
  EnablerVersion,
  ObjectEntry,
  ObjectList,
  ProfileObject,
  RegisterParameters,
  UpdateParameters,
} from './registration.js';
export { ATTRIBUTE_NAMES, FORMATS } from './operation.js';
export type {
  AttributeName,
  Attributes,
  DeviceRequest,
  DiscoveredLink,
  FormatName,
  ObservationTerms,
  Outcome,
  ReadFormat,
  RequestKind,
} from './operation.js';
export { ObjectLists, isObjectVersion, objectListText, parseObjectListText, shareInstances } from './object-list.js';
export type { ObjectListParts } from './object-list.js';
export { ObjectCatalogue, coreVersion, viewFor } from './definitions.js';
export type { ModelView, ObjectDefinition, ResourceDefinition, ResourceOperations } from './definitions.js';
export { DefinitionError } from './definition-fields.js';
export { DEFINITION_LIMITS, parseObjectDefinition } from './object-xml.js';
export type { DefinitionLimits } from './object-xml.js';
export { fitsInteger } from './range.js';
export type { IntegerType } from './range.js';
export { parseObjectLink, scalarFromJson, scalarToJson, showObjectLink } from './scalar-json.js';
export type { JsonScalar, ScalarFault } from './scalar-json.js';
export { DEVICE_TIME_LIMITS, deviceTime } from './device-time.js';
export type { DeviceTimeLimits } from './device-time.js';
export { parseTimestamp, showTimestamp } from './timestamp.js';
export { encodeArguments } from './execute-arguments.js';
export { attributeFault, attributePlaceFault, attributeValuesFault } from './attribute-rules.js';
export { expectedRefusal } from './expected-refusal.js';
export type { ExpectedRefusal, RegisteredModel } from './expected-refusal.js';
export { checkSayable, isComposite } from './sayable.js';
export { selectNodes, strayPath } from './select.js';
export { nodeFromJson, nodeToJson } from './json.js';
export type { JsonInstance, JsonMultiple, JsonNode, JsonObject, JsonSingle, JsonValue } from './json.js';
