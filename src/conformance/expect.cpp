// Room: conformance. What a script expects.
#include "expect.hpp"

#include <algorithm>

#include "cleat/base/text.hpp"

namespace cleat::conformance {
namespace {

using Kind = Value::Kind;

/// A number, or a text that is one: values of the kernel come as texts.
std::optional<long double> as_number(const Value& value) {
    switch (value.kind) {
        case Kind::Integer:
            return value.integer;
        case Kind::Unsigned:
            return value.unsigned_integer;
        case Kind::String:
            if (const auto unsigned_value = parse_number<std::uint64_t>(value.text))
                return *unsigned_value;
            if (const auto signed_value = parse_number<std::int64_t>(value.text))
                return *signed_value;
            return std::nullopt;
        case Kind::Null:
        case Kind::Boolean:
        case Kind::Float:
        case Kind::Array:
        case Kind::Object:
            break;
    }
    return std::nullopt;
}

bool same(const Value& one, const Value& other) {
    if (equal(one, other)) return true;
    const auto a = as_number(one);
    const auto b = as_number(other);
    return a && b && *a == *b;
}

bool has(const Value& seen, const Value& wanted) {
    if (seen.kind == Kind::String)
        return seen.text.find(wanted.kind == Kind::String ? wanted.text : dump(wanted)) !=
               std::string::npos;
    if (seen.kind == Kind::Object) return seen.find(wanted.text) != nullptr;
    return std::ranges::any_of(seen.elements, [&](const Value& one) { return same(one, wanted); });
}

/// "net:*" and so on: any text in place of the one star.
bool like(const Value& seen, const Value& pattern) {
    const auto star = pattern.text.find('*');
    if (star == std::string::npos) return seen.text == pattern.text;
    const std::string_view begin = std::string_view(pattern.text).substr(0, star);
    const std::string_view end = std::string_view(pattern.text).substr(star + 1);
    return seen.text.size() >= begin.size() + end.size() && seen.text.starts_with(begin) &&
           seen.text.ends_with(end);
}

bool compare(const Value& seen, std::string_view op, const Value& wanted) {
    const auto a = as_number(seen);
    const auto b = as_number(wanted);
    if (!a || !b) return false;
    if (op == "<") return *a < *b;
    if (op == "<=") return *a <= *b;
    if (op == ">") return *a > *b;
    return *a >= *b;
}

bool holds(const Value* seen, std::string_view op, const Value& wanted) {
    if (op == "exists") return seen != nullptr;
    if (op == "absent") return seen == nullptr;
    if (seen == nullptr) return false;
    if (op == "=") return same(*seen, wanted);
    if (op == "!=") return !same(*seen, wanted);
    if (op == "has") return has(*seen, wanted);
    if (op == "lacks") return !has(*seen, wanted);
    if (op == "in") return has(wanted, *seen);
    if (op == "like") return like(*seen, wanted);
    return compare(*seen, op, wanted);
}

bool is_operator(std::string_view word) {
    constexpr std::string_view kOperators[] = {
        "=", "!=", "<", "<=", ">", ">=", "has", "lacks", "in", "like", "exists", "absent"};
    return std::ranges::find(kOperators, word) != std::end(kOperators);
}

}  // namespace

bool is_expectation(std::string_view statement) {
    const auto words = split(statement, ' ');
    return words.size() > 1 && is_operator(words[1]);
}

Outcome expect(const Value& seen, std::string_view statement) {
    constexpr std::size_t kMost = 300;
    const auto words = split(statement, ' ');
    const auto begin = words[0].size() + words[1].size() + 2;
    const std::string_view rest = begin < statement.size() ? statement.substr(begin) : "";
    const Value wanted = parse(rest).value_or(text(rest));
    const Value* const found = words[0] == "." ? &seen : at(seen, words[0]);
    if (holds(found, words[1], wanted)) return std::nullopt;
    std::string value = found == nullptr ? std::string("nothing there") : dump(*found);
    if (value.size() > kMost) value = concat(value.substr(0, kMost), "…");
    return Broken{std::string(statement), concat(words[0], ": ", value)};
}

}  // namespace cleat::conformance
