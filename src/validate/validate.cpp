// Room: validate. The order in which a document is looked at, and that nothing is said twice.
#include "cleat/validate/validate.hpp"

#include <algorithm>
#include <utility>

#include "cleat/base/text.hpp"
#include "cleat/spec/document.hpp"
#include "outline.hpp"
#include "rules.hpp"
#include "schema.hpp"
#include "schemas.hpp"

namespace cleat::validate {
namespace {

using spec::Node;
using spec::Severity;

/// One schema in its two forms.
struct Both {
    explicit Both(std::string_view text) : outline(text), schema(text) {}
    Outline outline;
    Schema schema;
};

std::string_view text_of(DocumentType type) {
    switch (type) {
        case DocumentType::Config:
            return config_schema();
        case DocumentType::State:
            return state_schema();
        case DocumentType::Features:
            return features_schema();
    }
    return config_schema();
}

/// The column in characters of UTF-8.
std::uint32_t character_of(std::string_view text, const spec::Position& position) {
    for (std::uint32_t line = 1; line < position.line; ++line)
        text.remove_prefix(text.find('\n') + 1);
    const auto before = text.substr(0, position.column - 1);
    return 1 + static_cast<std::uint32_t>(std::ranges::count_if(before, [](char c) {
               return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;
           }));
}

std::string message_of(const Breach& breach, const Node& root, const Outline& outline) {
    const auto place = spec::find_node(root, breach.pointer);
    const auto type = outline.type_at(breach.pointer);
    switch (breach.kind) {
        case Breach::Kind::Words:
            if (place.node->kind == Node::Kind::String)
                return concat("unknown value ", quoted(place.node->text));
            [[fallthrough]];
        case Breach::Kind::Type:
            return concat("must be ", type, ", not ", spec::name_of(place.node->kind));
        case Breach::Kind::Missing:
            return "is required";
        case Breach::Kind::Range:
            return concat("must be ", outline.range_at(breach.pointer));
        case Breach::Kind::Length:
            return "must not be empty";
        case Breach::Kind::Other:
            break;
    }
    return breach.what;
}

/// One document on its way to a report.
class Judgement {
 public:
    Judgement(const Document& document, const Node& root, const Both& schemas)
        : document_(document), root_(root), schemas_(schemas) {}

    void decode(const plan::HostFacts* host) {
        for (auto& problem : spec::examine_config(root_, document_.text).problems) {
            const bool own = problem.ground == spec::Ground::Cleat;
            const bool unknown = problem.severity == Severity::Warning;
            if (own && host == nullptr) problem.severity = Severity::Warning;
            found_.push_back({.source = own       ? Source::Host
                                        : unknown ? Source::Unknown
                                                  : Source::Rule,
                              .severity = problem.severity,
                              .pointer = std::move(problem.pointer),
                              .message = std::move(problem.message)});
        }
    }

    /// What the types and rules have said already is not said again.
    void compare_with_schema() {
        for (const auto& breach : schemas_.schema.breaches(root_)) {
            const auto same = std::ranges::find_if(found_, [&](const Finding& finding) {
                return finding.pointer == breach.pointer && finding.severity == Severity::Error;
            });
            if (same != found_.end()) {
                same->source = Source::Schema;
                continue;
            }
            Finding finding{.source = Source::Schema,
                            .pointer = breach.pointer,
                            .message = message_of(breach, root_, schemas_.outline)};
            // How Go writes what is not there.
            const auto place = spec::find_node(root_, breach.pointer);
            if (place.exact && place.node->kind == Node::Kind::Null) {
                finding.severity = Severity::Warning;
                finding.message = "null is read as absent, the specification has none here";
            }
            found_.push_back(std::move(finding));
        }
    }

    void look_for_unknown() {
        for (const auto& unknown : schemas_.outline.unknown_in(root_)) {
            auto same = std::ranges::find(found_, unknown.pointer, &Finding::pointer);
            if (same == found_.end())
                same = found_.insert(found_.end(), {.source = Source::Unknown,
                                                    .severity = Severity::Warning,
                                                    .pointer = unknown.pointer,
                                                    .message = "unknown property is ignored"});
            if (!unknown.similar.empty())
                same->hint = concat("did you mean ", quoted(unknown.similar), "?");
        }
    }

    [[nodiscard]] std::vector<Finding>& found() { return found_; }

    /// What a host or a list of habits adds says nothing new of a place that is wrong already.
    void drop_repeated() {
        std::vector<Finding> kept;
        for (auto& finding : found_) {
            const bool late = finding.source == Source::Host || finding.source == Source::Elsewhere;
            const bool same = std::ranges::any_of(kept, [&](const Finding& other) {
                return other.pointer == finding.pointer &&
                       (late || other.message == finding.message);
            });
            if (!same) kept.push_back(std::move(finding));
        }
        found_ = std::move(kept);
    }

    /// Places, sections and hints; then the order of the document.
    [[nodiscard]] std::vector<Finding> finish() && {
        drop_repeated();
        for (auto& finding : found_) {
            place(finding, root_, document_.text);
            finding.section = schemas_.outline.section_of(finding.pointer);
            if (finding.hint.empty()) finding.hint = hint_for(finding, root_, schemas_.outline);
        }
        std::ranges::stable_sort(found_, {}, [](const Finding& finding) {
            return std::pair(finding.position.line, finding.position.column);
        });
        return std::move(found_);
    }

 private:
    const Document& document_;
    const Node& root_;
    const Both& schemas_;
    std::vector<Finding> found_;
};

Finding syntax_finding(const spec::Problem& problem, std::string_view text) {
    Finding finding{.source = Source::Syntax,
                    .pointer = problem.pointer,
                    .message = problem.message,
                    .position = problem.position.value_or(spec::Position{.line = 1, .column = 1})};
    finding.character = character_of(text, finding.position);
    return finding;
}

}  // namespace

void place(Finding& finding, const spec::Node& root, std::string_view text) {
    finding.position = spec::position_at(text, spec::find_node(root, finding.pointer).node->offset);
    finding.character = character_of(text, finding.position);
}

struct Validator::Schemas {
    [[nodiscard]] const Both& of(DocumentType type) {
        auto& both = made[static_cast<std::size_t>(type)];
        if (!both) both.emplace(text_of(type));
        return *both;
    }
    std::optional<Both> made[3];  ///< read when the first document of the type comes
};

Validator::Validator(Settings settings)
    : settings_(std::move(settings)), schemas_(std::make_unique<Schemas>()) {}
Validator::~Validator() = default;

Result<Report> Validator::judge(const Document& document) {
    Report report{.file = document.file,
                  .type = settings_.type.value_or(DocumentType::Config),
                  .findings = {}};
    const auto parsed = spec::parse_document(document.text);
    if (!parsed.root) {
        report.findings.push_back(syntax_finding(*parsed.problem, document.text));
        return report;
    }
    const Node& root = *parsed.root;
    report.type = settings_.type.value_or(type_of(root));
    const Both& schemas = schemas_->of(report.type);
    if (!schemas.schema.fault().empty())
        return fail(ErrorKind::Internal, concat("schema: ", schemas.schema.fault()));
    Judgement judgement(document, root, schemas);
    const auto* host = settings_.host ? &*settings_.host : nullptr;
    if (report.type == DocumentType::Config) judgement.decode(host);
    if (report.type == DocumentType::State) check_state(root, judgement.found());
    if (report.type == DocumentType::Features) check_features(root, judgement.found());
    judgement.compare_with_schema();
    judgement.look_for_unknown();
    if (report.type == DocumentType::Config) {
        warn_of_capabilities(root, judgement.found());
        if (host != nullptr) check_host(document, root, *host, judgement.found());
        warn_of_runtimes(root, host, judgement.found());
    }
    report.findings = std::move(judgement).finish();
    if (settings_.warnings == Settings::Warnings::Fail)
        for (auto& finding : report.findings) finding.severity = Severity::Error;
    return report;
}

bool has_errors(const std::vector<Report>& reports) {
    return std::ranges::any_of(reports, [](const Report& report) {
        return std::ranges::find(report.findings, Severity::Error, &Finding::severity) !=
               report.findings.end();
    });
}

}  // namespace cleat::validate
