// Room: plan. Values of systemd's unit properties: read from annotations, and as text.
#include <limits>
#include <type_traits>

#include "cleat/base/text.hpp"
#include "scope.hpp"

namespace cleat::plan {
namespace {

using Value = decltype(UnitProperty::value);

std::string_view without_blanks(std::string_view text) {
    constexpr std::string_view kBlanks = " \t\n";
    const auto begin = text.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

/// 'text' or "text"; escapes are not looked at.
std::optional<std::string> parse_text(std::string_view text) {
    if (text.size() < 2 || (text.front() != '\'' && text.front() != '"')) return std::nullopt;
    const char quote = text.front();
    text = text.substr(1, text.size() - 1);
    if (text.find(quote) != text.size() - 1 || text.find('\\') != std::string_view::npos)
        return std::nullopt;
    return std::string(text.substr(0, text.size() - 1));
}

std::optional<Value> parse_list(std::string_view text) {
    std::vector<std::string> items;
    text = without_blanks(text.substr(1, text.size() - 2));
    if (text.empty()) return Value(items);
    for (const auto part : split(text, ',')) {
        auto item = parse_text(without_blanks(part));
        if (!item) return std::nullopt;
        items.push_back(*std::move(item));
    }
    return Value(items);
}

template <class Number>
std::optional<Value> parse_typed(std::string_view text, std::string_view type) {
    const auto number = parse_number<Number>(without_blanks(text.substr(type.size())));
    return number ? std::optional<Value>(*number) : std::nullopt;
}

std::optional<Value> parse_value(std::string_view text) {
    if (text == "true" || text == "false") return Value(text == "true");
    if (text.starts_with("uint32 ")) return parse_typed<std::uint32_t>(text, "uint32 ");
    if (text.starts_with("uint64 ")) return parse_typed<std::uint64_t>(text, "uint64 ");
    if (text.starts_with("int32 ")) return parse_typed<std::int32_t>(text, "int32 ");
    if (text.starts_with('[') && text.ends_with(']')) return parse_list(text);
    if (auto plain = parse_text(text)) return Value(*std::move(plain));
    return parse_typed<std::int32_t>(text, "");
}

std::string text_of(const std::pair<std::string, std::string>& item) {
    return concat(item.first, " ", item.second);
}
std::string text_of(const std::pair<std::string, std::uint64_t>& item) {
    return concat(item.first, " ", item.second);
}
std::string text_of(const std::string& item) { return item; }
std::string text_of(std::uint8_t byte) { return concat(unsigned{byte}); }

}  // namespace

Result<UnitProperty> parse_property(std::string_view name, std::string_view text) {
    auto value = parse_value(without_blanks(text));
    // "TimeoutStopSec" is what unit files say; on D-Bus the unit is in the name: "TimeoutStopUSec".
    constexpr std::string_view kSeconds = "Sec";
    constexpr std::uint64_t kMicroseconds = 1'000'000;
    std::string plain(name);
    const bool in_seconds = name.ends_with(kSeconds) && !name.ends_with("USec");
    if (value && in_seconds) {
        const auto* number = std::get_if<std::int32_t>(&*value);
        if (number != nullptr && *number >= 0) {
            plain = concat(name.substr(0, name.size() - kSeconds.size()), "USec");
            value = static_cast<std::uint64_t>(*number) * kMicroseconds;
        } else if (number != nullptr) {
            value.reset();
        }
    }
    if (name.empty() || !value)
        return fail(ErrorKind::InvalidConfig,
                    concat(quoted(text), " is not the value of a systemd property"));
    return UnitProperty{.name = std::move(plain), .value = *std::move(value)};
}

std::string property_text(const UnitProperty& property) {
    return std::visit(
        []<class T>(const T& value) {
            if constexpr (std::same_as<T, bool>) {
                return std::string(value ? "true" : "false");
            } else if constexpr (std::same_as<T, std::uint64_t>) {
                const bool none = value == std::numeric_limits<std::uint64_t>::max();
                return none ? std::string("infinity") : concat(value);
            } else if constexpr (std::is_arithmetic_v<T>) {
                return concat(value);
            } else if constexpr (std::same_as<T, std::string>) {
                return value;
            } else {
                std::vector<std::string> items;
                for (const auto& item : value) items.push_back(text_of(item));
                return concat("[", join(items, ", "), "]");
            }
        },
        property.value);
}

}  // namespace cleat::plan
