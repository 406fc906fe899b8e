/** As envsubst(1): puts in variables that are there, and leaves the names of others. */
export const substitute = (text: string, environment: ReadonlyMap<string, string>): string =>
  text.replace(/\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))/g, (whole, braced: string | undefined, plain: string | undefined) => {
    return environment.get(braced ?? plain ?? '') ?? whole;
  });
