/** The control group of a pod; a limit that is absent there is none. */
export interface ControlGroup {
  /** From the root of all, e.g. `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podUID.slice`. */
  readonly path: string;
  readonly cpuRequestMillis: number;
  readonly cpuLimitMillis?: number | undefined;
  readonly memoryLimitBytes?: number | undefined;
}

/** Who knows what of a pod may change while it runs: one object that there is anyhow, asked when somebody looks. */
export interface PodSource {
  readonly controlGroup: ControlGroup;
  /** The labels it has now, by which network policies select it. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** The variables of a container whose configuration does not have them. */
  environmentOf?(container: string): Promise<ReadonlyMap<string, string>>;
}
