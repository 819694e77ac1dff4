// Unpacks the Brotli files of @sparticuz/chromium, whose own code writes to fixed names in /tmp.
//   node unpack.mjs SOURCE TARGET
import { createReadStream, createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { createBrotliDecompress } from "node:zlib";

const [source, target] = process.argv.slice(2);
if (target === undefined) {
  console.error("usage: node unpack.mjs SOURCE TARGET");
  process.exit(64);
}
await pipeline(createReadStream(source), createBrotliDecompress(), createWriteStream(target));
