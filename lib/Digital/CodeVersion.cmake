# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Writes OUTPUT: a hash of the files SOURCES and of the text EXTRA. It keeps code
# of other compiler versions in the cache from being used.
set(_text "${EXTRA}")
foreach(_source IN LISTS SOURCES)
  file(SHA256 "${_source}" _hash)
  string(APPEND _text "${_hash}")
endforeach()
string(SHA256 _hash "${_text}")
file(WRITE "${OUTPUT}"
  "static constexpr llvm::StringLiteral kCodeVersion(\"${_hash}\");\n")
