// Room: spec (layer 1, pure). JSON text to types and back. A strict decoder: wrong types, duplicate
// keys, NUL characters, deep or huge documents are refused; unknown properties are skipped, as the
// specification demands, and listed for who wants to know. All problems are found in one pass.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cleat/base/error.hpp"
#include "cleat/spec/config.hpp"

namespace cleat::spec {

/// Where a value begins in a JSON text, counted from 1; columns count bytes.
struct Position {
    std::uint32_t line = 0;
    std::uint32_t column = 0;
};

enum class Severity { Error, Warning };
/// Who says so: the specification, or cleat, which does not do all that is lawful.
enum class Ground { Specification, Cleat };

/// One thing that is wrong with a document. `pointer` is an RFC 6901 pointer ("" is the root).
struct Problem {
    Severity severity = Severity::Error;
    std::string pointer;
    std::string message;
    std::optional<Position> position;
    Ground ground = Ground::Specification;
};

/// What came of a document: the value if there is no problem with Severity::Error.
template <class T>
struct Decoded {
    std::optional<T> value;
    std::vector<Problem> problems;          ///< in document order
    std::vector<std::string> unknown = {};  ///< pointers of properties that no table names
};

/// A config.json: decoded and checked against the rules that need nothing but the document
/// (required members, ranges, duplicates, contradictions: config.md, config-linux.md).
[[nodiscard]] Decoded<Spec> decode_config(std::string_view text);

/// The same for a document that was parsed from `text` already, and with all problems:
/// decode_config() stops after some dozens, and before the rules if a value cannot be read.
struct Node;
[[nodiscard]] Decoded<Spec> examine_config(const Node& root, std::string_view text);

/// A process document, as `exec --process` takes it. The same rules as for /process.
[[nodiscard]] Decoded<Process> decode_process(std::string_view text);

/// A resources document, as `update --resources` takes it: the same rules as for
/// /linux/resources; runc's own form of it is the same object.
[[nodiscard]] Decoded<Resources> decode_resources(std::string_view text);

/// Checks a Process that was put together from a command line; pointers begin with `pointer`.
[[nodiscard]] std::vector<Problem> check_process(const Process& process, std::string_view pointer);

/// Where the value that `pointer` names begins in `text`; nullopt if there is no such value.
[[nodiscard]] std::optional<Position> locate(std::string_view text, std::string_view pointer);

/// All errors as one Error of one line: `config.json:12:5 /process/cwd: must be absolute; …`.
/// `document` is the name to show ("config.json").
[[nodiscard]] Error to_error(const std::vector<Problem>& problems, std::string_view document);

/// The JSON text of a Spec (for `cleat spec`), pretty, absent properties left out.
[[nodiscard]] std::string encode_config(const Spec& spec);

/// The specification's names, for messages, state and features.
[[nodiscard]] std::string_view name_of(NamespaceType type) noexcept;
[[nodiscard]] std::string_view name_of(SeccompAction action) noexcept;
[[nodiscard]] std::string_view name_of(SeccompOperator op) noexcept;

/// The version of the specification that this build implements.
inline constexpr std::string_view kOciVersion = "1.3.0";
inline constexpr std::string_view kOciVersionMin = "1.0.0";

}  // namespace cleat::spec
