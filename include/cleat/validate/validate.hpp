// Room: validate (layer 5). Documents of the specification judged as a whole: every problem at
// once, each with its place, the section that it is about, and what may have been meant.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cleat/base/error.hpp"
#include "cleat/plan/facts.hpp"
#include "cleat/spec/decode.hpp"

namespace cleat::validate {

enum class DocumentType { Config, State, Features };
[[nodiscard]] std::string_view name_of(DocumentType type) noexcept;

/// What found a problem: the reader of JSON, the schema and the types, the rules between values,
/// the look for unknown members, the words that only warn, this host, other runtimes' habits.
enum class Source { Syntax, Schema, Rule, Unknown, Value, Host, Elsewhere };
[[nodiscard]] std::string_view name_of(Source source) noexcept;

struct Finding {
    Source source = Source::Rule;
    spec::Severity severity = spec::Severity::Error;
    std::string pointer = {};
    std::string message = {};
    std::string section = {};  ///< "config.md#process"
    std::string hint = {};     ///< a sentence without its full stop, or ""
    spec::Position position = {};
    std::uint32_t character = 0;  ///< the column in characters, where the position counts bytes
    // Of a judge with rules of its own (audit): its rule, not the source, and its word for how bad
    // it is ("low" is less than a warning).
    std::string_view rule = {};
    std::string_view level = {};
};

/// One document and what was found, in its order.
struct Report {
    std::string file;  ///< as it was named, "<stdin>"
    DocumentType type = DocumentType::Config;
    std::vector<Finding> findings;
};

struct Document {
    std::string file;
    std::string text;
    std::string directory = ".";  ///< what a relative root is relative to
};

struct Settings {
    std::optional<DocumentType> type = {};     ///< or what the content looks like
    std::optional<plan::HostFacts> host = {};  ///< judge also by what this host can do
    enum class Warnings { Pass, Fail } warnings = Warnings::Pass;
};

/// Judges documents by one reading of each schema.
class Validator {
 public:
    explicit Validator(Settings settings);
    Validator(const Validator&) = delete;
    Validator& operator=(const Validator&) = delete;
    Validator(Validator&&) = delete;
    Validator& operator=(Validator&&) = delete;
    ~Validator();

    /// Errors: Internal, if a schema of ours is wrong.
    [[nodiscard]] Result<Report> judge(const Document& document);

 private:
    struct Schemas;
    Settings settings_;
    std::unique_ptr<Schemas> schemas_;
};

/// Where a pointer's value, or the deepest part of it that there is, stands in the text.
void place(Finding& finding, const spec::Node& root, std::string_view text);

/// A file, a directory with a config.json, or "-" for standard input. Errors: what keeps it from
/// being read.
[[nodiscard]] Result<Document> read_document(const std::string& argument);

/// A rule that findings name, for SARIF; `score` is of 10, as CVSS counts, or "".
struct RuleText {
    std::string_view id;
    std::string_view text;
    std::string_view score = {};
};
/// Who judged: cleat's version, and its rules, if they are not those of validate.
struct Judge {
    std::string_view version;
    std::span<const RuleText> rules = {};
};

enum class Format { Text, Json, Sarif, Github };
/// What is printed for all documents together.
[[nodiscard]] std::string render(const std::vector<Report>& reports, Format format,
                                 const Judge& judge);
/// "3 documents, 1 error, 2 warnings".
[[nodiscard]] std::string summary(const std::vector<Report>& reports);
[[nodiscard]] bool has_errors(const std::vector<Report>& reports);

}  // namespace cleat::validate
