// What the fuzz targets share. A target is a function of bytes; what must hold is claimed, and a
// claim that does not hold is a crash.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "cleat/spec/decode.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace cleat::fuzz {

inline void claim(bool holds, std::string_view what) {
    if (holds) return;
    std::fprintf(stderr, "does not hold: %.*s\n", static_cast<int>(what.size()), what.data());
    std::abort();
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size};
}

/// A message can be shown: one line, no more than a screen.
inline void claim_message(std::string_view message) {
    constexpr std::size_t kLongest = 25000;  // of inputs of 20000 bytes
    claim(!message.empty(), "a message says something");
    claim(message.find_first_of("\n\r\t\x1b") == std::string_view::npos, "a message is one line");
    claim(message.size() < kLongest, "a message does not grow beyond what it is about");
}

/// Refused documents say where and why; others have a value.
template <class T>
void claim_answer(const spec::Decoded<T>& decoded) {
    bool errors = false;
    for (const auto& problem : decoded.problems) {
        errors = errors || problem.severity == spec::Severity::Error;
        claim(problem.position.has_value() || !problem.pointer.empty(), "a problem has a place");
        claim_message(problem.message);
    }
    claim(errors != decoded.value.has_value(), "there are errors or there is a value");
}

}  // namespace cleat::fuzz
