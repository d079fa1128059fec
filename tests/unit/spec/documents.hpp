// Documents that the tests of spec are about: a good config, and what is said of one that is not.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "cleat/base/text.hpp"
#include "cleat/spec/decode.hpp"

namespace cleat::spec::documents {

/// A config with all namespaces that rules ask for; `more` goes into it (",\"hostname\": …"),
/// `process` into /process, `linux` into /linux.
struct Parts {
    std::string more = {};
    std::string process = {};
    std::string linux = {};
};

inline std::string config(const Parts& parts = {}) {
    return concat(R"({"ociVersion": "1.3.0", "root": {"path": "rootfs"},
"process": {"args": ["/bin/true"], "cwd": "/")",
                  parts.process, R"(},
"linux": {"namespaces": [{"type": "mount"}, {"type": "uts"}, {"type": "ipc"},
                         {"type": "network"}, {"type": "time"}])",
                  parts.linux, "}", parts.more, "}");
}

/// "POINTER: MESSAGE" of each problem, one line each; "" if there is none.
template <class T>
std::string problems_of(const Decoded<T>& decoded) {
    std::string out;
    for (const auto& problem : decoded.problems)
        out += concat(out.empty() ? "" : "\n", problem.pointer, ": ", problem.message);
    return out;
}

inline std::string problems_of(std::string_view text) { return problems_of(decode_config(text)); }

/// One mistake: what it is put into is up to the table; `pointer` and a part of the message.
struct Mistake {
    const char* text;
    const char* pointer;
    const char* message;
};

/// The document has one problem, there and with those words.
template <class T>
void check_mistake(const Decoded<T>& decoded, const Mistake& mistake) {
    INFO(mistake.text);
    CHECK_FALSE(decoded.value);
    const std::string found = problems_of(decoded);
    INFO(found);
    REQUIRE(decoded.problems.size() == 1);
    CHECK(decoded.problems[0].pointer == mistake.pointer);
    CHECK(decoded.problems[0].message.find(mistake.message) != std::string::npos);
    CHECK(decoded.problems[0].position);
}

}  // namespace cleat::spec::documents
