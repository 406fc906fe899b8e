// Joins the compiled files of the command into a few: a process that loads a thousand modules spends half its start on finding and opening them
// (docs/adr/0016). Packages that are CommonJS or native stay where they are.
const JOINED = ['zod', 're2js', '@noble/ciphers'];

const isOwn = (id) => id.startsWith('.') || id.startsWith('/') || JOINED.some((name) => id === name || id.startsWith(`${name}/`));

export default {
  input: { main: 'dist/cli/main.js', child: 'dist/cli/child.js' },
  platform: 'node',
  external: (id) => !isOwn(id),
  // Beside each other, where what they look up from their own place is: the entry of child processes, the package file.
  output: { dir: 'dist/cli', format: 'esm', entryFileNames: '[name].js', chunkFileNames: 'part-[name]-[hash].js' },
};
