// Objects in and out of their encodings: JSON, YAML, protobuf.

export { convertMap } from './conversion.ts';
export { type Decoded, decode, floatMisfit } from './decode.ts';
export { ConversionError, cannotBeHandled, DecodeError, type TypeMeta } from './decode-error.ts';
export { decodeText, duplicateFields, hasDuplicates } from './duplicates.ts';
export { inFieldOrder } from './field-order.ts';
export { emptyAt, emptyIn, hasEmpties, holdsEmpties, sharesEmpties, withEmpties } from './given-empties.ts';
export { inGoOrder } from './go-json.ts';
export { type ObjectType, typeOfMessage } from './object-type.ts';
export {
  decodeProtobuf,
  encodeProtobuf,
  encodeProtobufList,
  encodeProtobufWatchEvent,
  PROTOBUF_MAGIC,
  type ProtobufBody,
} from './protobuf/index.ts';
export { DOCUMENT_YAML, formatYaml } from './yaml/format.ts';
export { parseYaml, readYaml, type YamlContent } from './yaml/parse.ts';
