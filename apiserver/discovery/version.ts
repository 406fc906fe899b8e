import { buildInfo, EMULATION_VERSION, GIT_VERSION } from '../../runtime/index.ts';

export { EMULATION_VERSION, GIT_VERSION };

/** `/version` */
export const versionInfo = () => {
  const { major, minor, ...build } = buildInfo();
  return {
    major,
    minor,
    emulationMajor: major,
    emulationMinor: minor,
    minCompatibilityMajor: major,
    minCompatibilityMinor: '33',
    ...build,
  };
};
