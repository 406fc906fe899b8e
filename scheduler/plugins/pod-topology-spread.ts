import { fieldError, isQualifiedName, type Node, type Pod } from '../../api/index.ts';
import { equalJson } from '../../client/index.ts';
import { type FieldReader, readObject } from '../config/field-reader.ts';
import { type Change, isItself, on } from '../framework/events.ts';
import type { PluginDefinition } from '../framework/plugin.ts';
import { SKIP, unresolvable, unschedulable } from '../framework/status.ts';
import type { PodInfo } from '../state/pod-info.ts';
import { argsOf } from './args.ts';
import { type DefaultConstraint, type SpreadConstraint, SpreadConstraints, SYSTEM_CONSTRAINTS } from './spread-constraints.ts';
import { SpreadScores } from './spread-scores.ts';
import { SpreadState } from './spread-state.ts';

const NAME = 'PodTopologySpread';
const SKEWED = unschedulable("node(s) didn't match pod topology spread constraints");
const LACKS_LABEL = unresolvable("node(s) didn't match pod topology spread constraints (missing required label)");
const ACTIONS = ['DoNotSchedule', 'ScheduleAnyway'];

export interface PodTopologySpreadArgs {
  readonly defaultConstraints: readonly DefaultConstraint[];
  /** Whether the defaults are upstream's own. */
  readonly systemDefaulted: boolean;
}

/** Pods spread evenly over areas, required and preferred. Upstream: `plugins/podtopologyspread`. */
export const podTopologySpread: PluginDefinition<PodTopologySpreadArgs> = {
  name: NAME,
  readArgs: (args, path) => argsOf((problems) => readObject(args, path, problems, read)),
  create: ({ defaultConstraints, systemDefaulted }, { informers, snapshot }) => {
    const constraints = new SpreadConstraints(systemDefaulted ? SYSTEM_CONSTRAINTS : defaultConstraints, informers);
    return {
      name: NAME,
      preFilter: (state, pod) => {
        const required = constraints.of(pod, 'DoNotSchedule');
        if (required.length === 0) return SKIP;
        state.write(NAME, SpreadState.of(pod, required, snapshot));
        return undefined;
      },
      addPod: (state, _pod, added, node) => state.read<SpreadState>(NAME).change(added, node, 1),
      removePod: (state, _pod, removed, node) => state.read<SpreadState>(NAME).change(removed, node, -1),
      filter: (state, _pod, node) => {
        const verdict = state.read<SpreadState>(NAME).verdict(node);
        if (verdict === 'fits') return undefined;
        return verdict === 'skewed' ? SKEWED : LACKS_LABEL;
      },
      preScore: (state, pod, candidates) => {
        const preferred = constraints.of(pod, 'ScheduleAnyway');
        if (preferred.length === 0) return SKIP;
        const requireAll = (pod.pod.spec.topologySpreadConstraints ?? []).length > 0 || !systemDefaulted;
        state.write(`${NAME}.score`, new SpreadScores(pod, preferred, { snapshot, candidates, requireAll }));
        return undefined;
      },
      score: (state, _pod, node) => state.read<SpreadScores>(`${NAME}.score`).at(node),
      normalize: (scores, state, _pod, nodes) => state.read<SpreadScores>(`${NAME}.score`).normalize(scores, nodes),
      events: [
        on('AssignedPod', ['Add', 'Delete', 'UpdatePodLabel'], (pod, change) =>
          podMayHelp(pod, change, constraints.of(pod, 'DoNotSchedule')),
        ),
        on('UnscheduledPod', ['UpdatePodLabel'], isItself),
        on('Node', ['Add', 'Delete', 'UpdateNodeLabel', 'UpdateNodeTaint'], (pod, change) =>
          nodeMayHelp(change, constraints.of(pod, 'DoNotSchedule')),
        ),
      ],
    };
  },
};

/** A pod that a constraint counts, or no longer counts, moves its counts. */
function podMayHelp(pod: PodInfo, { now, old }: Change<Pod>, constraints: readonly SpreadConstraint[]): boolean {
  if ((now ?? old)?.metadata.namespace !== pod.pod.metadata.namespace) return false;
  const isCounted = (one: Pod | undefined, { selector }: SpreadConstraint) => one !== undefined && selector.matches(one.metadata.labels);
  return constraints.some((constraint) =>
    now && old ? isCounted(now, constraint) !== isCounted(old, constraint) : isCounted(now ?? old, constraint),
  );
}

/** A node with all the labels makes or unmakes an area, or changes which it is in; by its taints it counts, or does not. */
function nodeMayHelp({ now, old }: Change<Node>, constraints: readonly SpreadConstraint[]): boolean {
  const hasAll = (one: Change['now']) => constraints.every(({ topologyKey }) => one?.metadata.labels?.[topologyKey] !== undefined);
  if (!now || !old) return hasAll(now ?? old);
  if (hasAll(now) !== hasAll(old)) return true;
  const moved = constraints.some(({ topologyKey }) => now.metadata.labels?.[topologyKey] !== old.metadata.labels?.[topologyKey]);
  return hasAll(now) && (moved || !equalJson(now.spec.taints, old.spec.taints));
}

function read(reader: FieldReader): PodTopologySpreadArgs {
  const defaultConstraints = reader.objects('defaultConstraints', readConstraint);
  const type = reader.string('defaultingType') ?? 'System';
  const path = reader.pathOf('defaultingType');
  if (type !== 'System' && type !== 'List') reader.note(fieldError.notSupported(path, type, ['System', 'List']));
  if (type === 'System' && defaultConstraints.length > 0)
    reader.note(fieldError.invalid(path, type, 'when .defaultConstraints are not empty'));
  defaultConstraints.forEach(({ topologyKey, whenUnsatisfiable }, i) => {
    const same = (other: DefaultConstraint) => other.topologyKey === topologyKey && other.whenUnsatisfiable === whenUnsatisfiable;
    if (!defaultConstraints.slice(0, i).some(same)) return;
    reader.note(fieldError.duplicate(`${reader.pathOf('defaultConstraints')}[${i}]`, `{${topologyKey}, ${whenUnsatisfiable}}`));
  });
  return { defaultConstraints, systemDefaulted: type === 'System' };
}

function readConstraint(reader: FieldReader): DefaultConstraint {
  const maxSkew = reader.integer('maxSkew') ?? 0;
  if (maxSkew <= 0) reader.note(fieldError.invalid(reader.pathOf('maxSkew'), maxSkew, 'not in valid range (0, inf)'));
  const topologyKey = reader.string('topologyKey') ?? '';
  const keyPath = reader.pathOf('topologyKey');
  if (topologyKey === '') reader.note(fieldError.required(keyPath, 'can not be empty'));
  else for (const detail of isQualifiedName(topologyKey)) reader.note(fieldError.invalid(keyPath, topologyKey, detail));
  const whenUnsatisfiable = reader.string('whenUnsatisfiable') ?? '';
  const actionPath = reader.pathOf('whenUnsatisfiable');
  if (whenUnsatisfiable === '') reader.note(fieldError.required(actionPath, 'can not be empty'));
  else if (!isAction(whenUnsatisfiable)) reader.note(fieldError.notSupported(actionPath, whenUnsatisfiable, ACTIONS));
  if (reader.has('labelSelector')) {
    reader.note(
      fieldError.forbidden(reader.pathOf('labelSelector'), 'constraint must not define a selector, as they deduced for each pod'),
    );
  }
  // Taken as upstream takes them: the pods that are counted are those of the pod's Service and controller all the same.
  reader.strings('matchLabelKeys');
  return {
    maxSkew,
    topologyKey,
    whenUnsatisfiable: isAction(whenUnsatisfiable) ? whenUnsatisfiable : 'ScheduleAnyway',
    minDomains: reader.integer('minDomains'),
    nodeAffinityPolicy: policyOf(reader, 'nodeAffinityPolicy'),
    nodeTaintsPolicy: policyOf(reader, 'nodeTaintsPolicy'),
  };
}

const isAction = (text: string): text is 'DoNotSchedule' | 'ScheduleAnyway' => ACTIONS.includes(text);

function policyOf(reader: FieldReader, name: string): 'Honor' | 'Ignore' | undefined {
  const policy = reader.string(name);
  if (policy === undefined || policy === 'Honor' || policy === 'Ignore') return policy;
  reader.note(fieldError.notSupported(reader.pathOf(name), policy, ['Honor', 'Ignore']));
  return undefined;
}
