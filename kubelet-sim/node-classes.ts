import { readFile } from 'node:fs/promises';
import { isDns1123Label, parseQuantity, parseYaml, QuantityError, type Taint } from '../api/index.ts';
import { UserError } from '../runtime/index.ts';

/** What the nodes of a class are; what is not said is as the process's options say. */
export interface NodeClass {
  readonly name: string;
  /** How many there are; all that are left unless given. */
  readonly count?: number | undefined;
  readonly cpu?: string | undefined;
  readonly memory?: string | undefined;
  readonly ephemeralStorage?: string | undefined;
  readonly maxPods?: number | undefined;
  /** Beside those, e.g. `nvidia.com/gpu`. */
  readonly extendedResources?: Readonly<Record<string, string>> | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly taints?: readonly Taint[] | undefined;
  readonly region?: string | undefined;
  /** Given to the nodes in turn. */
  readonly zones?: readonly string[] | undefined;
  /** Names that RuntimeClasses may give as their handler. */
  readonly runtimeHandlers?: readonly string[] | undefined;
  /** Images that are there from the start. */
  readonly images?: readonly string[] | undefined;
}

/** Reads the classes of nodes. @throws UserError saying in one line what is wrong with the file */
export async function readNodeClasses(path: string): Promise<readonly NodeClass[]> {
  const { z } = await import('zod');
  const quantity = z.union([z.string(), z.number()]).transform(String).refine(isQuantity, 'is no quantity such as 8 or 32Gi');
  const nodeClass = z.strictObject({
    name: z.string().min(1),
    count: z.int().min(0).optional(),
    cpu: quantity.optional(),
    memory: quantity.optional(),
    ephemeralStorage: quantity.optional(),
    maxPods: z.int().min(1).optional(),
    extendedResources: z.record(z.string(), quantity).optional(),
    labels: z.record(z.string(), z.string()).optional(),
    taints: z
      .array(
        z.strictObject({
          key: z.string().min(1),
          value: z.string().optional(),
          effect: z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']),
        }),
      )
      .optional(),
    region: z.string().optional(),
    zones: z.array(z.string()).min(1).optional(),
    runtimeHandlers: z.array(z.string().refine((name) => isDns1123Label(name).length === 0, 'is no name of a handler')).optional(),
    images: z.array(z.string()).optional(),
  });
  try {
    return z.strictObject({ classes: z.array(nodeClass) }).parse(parseYaml(await readFile(path, 'utf8'))).classes;
  } catch (error) {
    const why =
      error instanceof z.ZodError ? error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ') : String(error);
    throw new UserError(`cannot read the node classes ${path}: ${why}`);
  }
}

function isQuantity(text: string): boolean {
  try {
    parseQuantity(text);
    return true;
  } catch (error) {
    if (error instanceof QuantityError) return false;
    throw error;
  }
}

/** The class of a node, and which of that class it is; undefined for one that is left over. @param index from 0 in the process */
export function classOf(
  classes: readonly NodeClass[],
  index: number,
): { readonly nodeClass: NodeClass; readonly place: number } | undefined {
  let place = index;
  for (const nodeClass of classes) {
    if (nodeClass.count === undefined || place < nodeClass.count) return { nodeClass, place };
    place -= nodeClass.count;
  }
  return undefined;
}

/** Labels that say of which class a node is, and where. */
export function classLabels({ name, region, zones = [], labels = {} }: NodeClass, place: number): Record<string, string> {
  const zone = zones[place % Math.max(zones.length, 1)];
  return {
    'node.kubernetes.io/instance-type': name,
    ...(region === undefined ? {} : { 'topology.kubernetes.io/region': region }),
    ...(zone === undefined ? {} : { 'topology.kubernetes.io/zone': zone }),
    ...labels,
  };
}
