// Keys of JSON patches' paths (apiserver, `pkg/cel/library/jsonpatch.go`): for expressions that make patches only.
import type { FunctionDeclaration } from '../language/declarations.ts';
import { define, overload, signature } from '../language/define.ts';
import { STRING } from '../language/types.ts';
import { type CelValue, noSuchOverload } from '../language/values.ts';

const escapeKey = (key?: CelValue) => (typeof key === 'string' ? key.replace(/[~/]/g, (c) => (c === '/' ? '~1' : '~0')) : noSuchOverload());

export const JSON_PATCH_FUNCTIONS: readonly FunctionDeclaration[] = [
  define('jsonpatch.escapeKey', overload('string_jsonpatch_escapeKey_string', signature([STRING], STRING), escapeKey)),
];
