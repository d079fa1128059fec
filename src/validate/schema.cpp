// Room: validate. The only file that knows valijson; exceptions of it end here. What it would bring
// along and does not use is kept out by the headers in without/.
#include "schema.hpp"

#include <algorithm>
#include <cstdint>
#include <exception>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#define VALIJSON_USE_EXCEPTIONS 1
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnull-dereference"
#pragma GCC diagnostic ignored "-Wswitch-enum"
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>
#pragma GCC diagnostic pop

#include "cleat/base/text.hpp"

namespace cleat::validate {

struct Schema::Compiled {
    valijson::Schema schema;
};

namespace {

using Json = nlohmann::json;
using Adapter = valijson::adapters::NlohmannJsonAdapter;

Json json_of(const spec::Node& node) {
    using enum spec::Node::Kind;
    switch (node.kind) {
        case Null:
            return nullptr;
        case Boolean:
            return node.boolean;
        case Integer:
            return node.integer;
        case Unsigned:  // the library reads signed ones alone; what is beyond, spec has judged
            return std::min<std::uint64_t>(node.unsigned_integer, INT64_MAX);
        case Float:
            return 0.5;  // which fraction it is makes no difference: no schema of ours takes one
        case String:
            return node.text;
        case Array: {
            Json out = Json::array();
            for (const auto& each : node.elements) out.push_back(json_of(each));
            return out;
        }
        case Object: {
            Json out = Json::object();
            for (const auto& [name, value] : node.members) out[name] = json_of(value);
            return out;
        }
    }
    return nullptr;
}

/// The library's way to a value is "<root>", "[process]", "[args]", "[0]".
std::string pointer_of(const std::vector<std::string>& way) {
    std::string pointer;
    for (std::size_t i = 1; i < way.size(); ++i)
        pointer = pointer_push(pointer, std::string_view(way[i]).substr(1, way[i].size() - 2));
    return pointer;
}

/// What the library says of a value; nothing for what it says of those around it.
std::optional<Breach> breach_of(const valijson::ValidationResults::Error& error) {
    const std::string_view what = error.description;
    if (what.starts_with("Failed to validate")) return std::nullopt;
    Breach breach{.pointer = pointer_of(error.context), .what = error.description};
    using enum Breach::Kind;
    if (what.starts_with("Value type")) {
        breach.kind = Type;
    } else if (what.starts_with("Failed to match against any enum")) {
        breach.kind = Words;
    } else if (what.starts_with("Expected number")) {
        breach.kind = Range;
    } else if (what.starts_with("Array should") || what.starts_with("String should")) {
        breach.kind = Length;
    } else if (what.starts_with("Missing required property '")) {
        breach.kind = Missing;
        const auto begin = what.find('\'') + 1;
        breach.pointer = pointer_push(breach.pointer, what.substr(begin, what.rfind('\'') - begin));
    }
    return breach;
}

}  // namespace

Schema::Schema(std::string_view text) : compiled_(std::make_unique<Compiled>()) {
    try {
        const Json json = Json::parse(text);
        valijson::SchemaParser(valijson::SchemaParser::kDraft7)
            .populateSchema(Adapter(json), compiled_->schema);
    } catch (const std::exception& exception) {
        fault_ = exception.what();
    }
}

Schema::Schema(Schema&&) noexcept = default;
Schema& Schema::operator=(Schema&&) noexcept = default;
Schema::~Schema() = default;

std::vector<Breach> Schema::breaches(const spec::Node& root) const {
    std::vector<Breach> found;
    try {
        const Json json = json_of(root);
        valijson::ValidationResults results;
        valijson::Validator validator(valijson::Validator::kStrongTypes);
        validator.validate(compiled_->schema, Adapter(json), &results);
        for (const auto& error : results)
            if (auto breach = breach_of(error)) found.push_back(*std::move(breach));
    } catch (const std::exception& exception) {
        found.push_back({.pointer = {}, .what = exception.what()});
    }
    return found;
}

}  // namespace cleat::validate
