// Room: base. Short texts.
#include "cleat/base/text.hpp"

namespace cleat {

std::string quoted(std::string_view text) {
    constexpr char kHex[] = "0123456789abcdef";
    std::string out = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (byte < 0x20 || byte == 0x7f) {
            out += "\\u00";
            out += kHex[byte >> 4U];
            out += kHex[byte & 0xfU];
        } else {
            out += c;
        }
    }
    return out + '"';
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    constexpr std::size_t kUsual = 12;  // as many as a line of mountinfo has
    std::vector<std::string_view> pieces;
    pieces.reserve(kUsual);
    for (;;) {
        const auto end = text.find(separator);
        pieces.push_back(text.substr(0, end));
        if (end == std::string_view::npos) return pieces;
        text.remove_prefix(end + 1);
    }
}

std::string join(const std::vector<std::string>& items, std::string_view separator) {
    std::string out;
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (i > 0) out += separator;
        out += items[i];
    }
    return out;
}

std::string octal(std::uint32_t value) {
    char buffer[16];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, 8).ptr;
    return "0" + std::string(buffer, end);
}

std::string pointer_push(std::string_view pointer, std::string_view token) {
    std::string out(pointer);
    out += '/';
    for (const char c : token) {
        if (c == '~')
            out += "~0";
        else if (c == '/')
            out += "~1";
        else
            out += c;
    }
    return out;
}

std::string pointer_push(std::string_view pointer, std::size_t index) {
    return concat(pointer, '/', index);
}

std::vector<std::string> pointer_tokens(std::string_view pointer) {
    std::vector<std::string> tokens;
    if (pointer.empty()) return tokens;
    for (const auto token : split(pointer.substr(1), '/')) {
        auto& out = tokens.emplace_back();
        for (std::size_t i = 0; i < token.size(); ++i) {
            if (token[i] == '~' && i + 1 < token.size())
                out += token[++i] == '1' ? '/' : '~';
            else
                out += token[i];
        }
    }
    return tokens;
}

std::string normal_path(std::string_view path) {
    std::string out;
    for (const auto part : split(path, '/')) {
        if (part.empty() || part == ".") continue;
        if (part == "..") {
            out.resize(out.empty() ? 0 : out.rfind('/'));
            continue;
        }
        out += '/';
        out += part;
    }
    return out.empty() ? "/" : out;
}

}  // namespace cleat
