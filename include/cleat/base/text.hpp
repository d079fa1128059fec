// Room: base (layer 0, pure). Building and taking apart short texts (GCC 12 has no <format>).
#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cleat {

namespace detail {
inline void append(std::string& out, std::string_view part) { out += part; }
inline void append(std::string& out, char part) { out += part; }
template <std::integral T>
    requires(!std::same_as<T, char> && !std::same_as<T, bool>)
void append(std::string& out, T number) {
    char buffer[24];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, number).ptr;
    out.append(buffer, end);
}
}  // namespace detail

/// The parts (texts, characters, integers in decimal) one after the other.
template <class... Parts>
[[nodiscard]] std::string concat(const Parts&... parts) {
    std::string out;
    (detail::append(out, parts), ...);
    return out;
}

/// `text` in double quotes, control characters and quotes escaped as in JSON; for messages.
[[nodiscard]] std::string quoted(std::string_view text);

/// The pieces of `text` between separators; an empty text is one empty piece.
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator);

/// The items with `separator` between them.
[[nodiscard]] std::string join(const std::vector<std::string>& items, std::string_view separator);

/// A whole text as a number in base 10 (or `base`), nothing before or after it.
template <std::integral T>
[[nodiscard]] std::optional<T> parse_number(std::string_view text, int base = 10) {
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

/// "0755": an octal mode for messages.
[[nodiscard]] std::string octal(std::uint32_t value);

/// One token appended to a JSON pointer, `~` and `/` escaped (RFC 6901).
[[nodiscard]] std::string pointer_push(std::string_view pointer, std::string_view token);
[[nodiscard]] std::string pointer_push(std::string_view pointer, std::size_t index);
/// The tokens of a JSON pointer, without their escapes; "" has none.
[[nodiscard]] std::vector<std::string> pointer_tokens(std::string_view pointer);

/// A path made absolute and free of ".", ".." and double slashes by text alone (no symlinks read).
[[nodiscard]] std::string normal_path(std::string_view path);

}  // namespace cleat
