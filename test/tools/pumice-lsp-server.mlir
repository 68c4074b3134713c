// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-lsp-server -lit-test < %s | FileCheck %s
//
// The server knows the dialects: it reports what their verifiers say.
{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"processId":123,"rootPath":"mlir","capabilities":{},"trace":"off"}}
// -----
{"jsonrpc":"2.0","method":"textDocument/didOpen","params":{"textDocument":{
  "uri":"test:///wrong.mlir",
  "languageId":"mlir",
  "version":1,
  "text":"func.func private @f(!crossbar.grid<1x0x16xi8, ui8>)"
}}}
// CHECK: "method": "textDocument/publishDiagnostics"
// CHECK: "message": "the sizes of a grid must be at least 1, got 1x0x16"
// CHECK: "uri": "test:///wrong.mlir"
// -----
{"jsonrpc":"2.0","id":3,"method":"shutdown"}
// -----
{"jsonrpc":"2.0","method":"exit"}
