// Patches of every kind but apply. Pure: nothing given is changed.
export { applyJsonPatch, decodeJsonPatch, type JsonPatchOperation } from './json-patch.ts';
export { applyMergePatch } from './merge-patch.ts';
export { PatchError } from './patch-error.ts';
export { applyStrategicMergePatch } from './strategic-merge-patch.ts';
