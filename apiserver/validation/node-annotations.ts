// Annotations of nodes that were fields once. Upstream: `ValidateNodeSpecificAnnotations`.
import { fieldError, type Node, type Taint } from '../../api/index.ts';
import type { Errors } from './field-errors.ts';
import { messageOf, readGoJson } from './go-json.ts';

const TAINTS = 'scheduler.alpha.kubernetes.io/taints';
const AVOID_PODS = 'scheduler.alpha.kubernetes.io/preferAvoidPods';
const PATH = 'metadata.annotations';

type Annotations = Node['metadata']['annotations'];
type CheckTaints = (errors: Errors, taints: readonly Partial<Taint>[], path: string) => void;

export function checkNodeAnnotations(errors: Errors, annotations: Annotations, checkTaints: CheckTaints): void {
  const taints = annotations?.[TAINTS];
  if (taints) {
    reading(errors, [PATH, TAINTS], () => {
      const list = readGoJson(taints, 'array', '[]core.Taint');
      if (Array.isArray(list)) checkTaints(errors, list.filter(isFields), `${PATH}.${TAINTS}`);
    });
  }
  const avoided = annotations?.[AVOID_PODS];
  if (avoided) reading(errors, [`${PATH}.AvoidPods`, AVOID_PODS], () => checkAvoidPods(errors, avoided));
}

function reading(errors: Errors, [path, value]: readonly [path: string, value: string], read: () => void): void {
  try {
    read();
  } catch (error) {
    errors.push(fieldError.invalid(path, value, messageOf(error)));
  }
}

/** Each entry names a controller. */
function checkAvoidPods(errors: Errors, text: string): void {
  const avoid = readGoJson(text, 'object', 'v1.AvoidPods');
  const entries = at(avoid, 'preferAvoidPods');
  if (!Array.isArray(entries)) return;
  entries.forEach((entry, i) => {
    const path = `${PATH}.${AVOID_PODS}[${i}].PodSignature`;
    const controller = at(at(entry, 'podSignature'), 'podController');
    if (!isFields(controller)) errors.push(fieldError.required(path));
    else if (at(controller, 'controller') !== true) {
      errors.push(fieldError.invalid(`${path}.PodController.Controller`, false, 'must point to a controller'));
    }
  });
}

const isFields = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const at = (value: unknown, key: string): unknown => (isFields(value) ? value[key] : undefined);
