/** The control group of a pod; a limit that is absent there is none. */
export interface ControlGroup {
  /** From the root of all, e.g. `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podUID.slice`. */
  readonly path: string;
  readonly cpuRequestMillis: number;
  readonly cpuLimitMillis?: number | undefined;
  readonly memoryLimitBytes?: number | undefined;
}

/** Who knows a pod's control group: one object that there is anyhow, asked when somebody looks. */
export interface ControlGroupSource {
  readonly controlGroup: ControlGroup;
}
