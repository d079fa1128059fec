// Room: spec. The only place of this room where the JSON library is named. Its events come in the
// order of the text but without positions: a cursor goes along with them, token by token.
#include "cleat/spec/document.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "cleat/base/shortcuts.hpp"
#include "cleat/base/text.hpp"

namespace cleat::spec {
namespace {

constexpr std::size_t kMaxDepth = 64;
constexpr std::size_t kMaxSize = std::size_t{4} << 20U;

/// Where tokens begin and end in a text that the library has found to be JSON so far.
class Cursor {
 public:
    explicit Cursor(std::string_view text) : text_(text) {}

    /// The offset of the next token; the cursor goes behind it.
    std::size_t take_token() {
        const std::size_t begin = find_token();
        at_ = token_end(begin);
        return begin;
    }
    /// The same, as it is written.
    std::string_view take_text() {
        const std::size_t begin = take_token();
        return text_.substr(begin, at_ - begin);
    }
    /// Whether the string that was taken last is a property's name.
    [[nodiscard]] bool is_behind_name() const {
        const auto found = text_.find_first_not_of(" \t\r\n", at_);
        return found != std::string_view::npos && text_[found] == ':';
    }
    [[nodiscard]] std::size_t find_token() const {
        const auto found = text_.find_first_not_of(" \t\r\n,:", at_);
        return found == std::string_view::npos ? text_.size() : found;
    }

 private:
    [[nodiscard]] std::size_t token_end(std::size_t begin) const {
        if (begin >= text_.size()) return text_.size();
        if (text_[begin] == '"') return string_end(begin);
        if (std::string_view("{}[]").find(text_[begin]) != std::string_view::npos) return begin + 1;
        const auto found = text_.find_first_of(" \t\r\n,:{}[]", begin);
        return found == std::string_view::npos ? text_.size() : found;
    }
    [[nodiscard]] std::size_t string_end(std::size_t begin) const {
        for (std::size_t i = begin + 1; i < text_.size(); ++i) {
            if (text_[i] == '\\')
                ++i;
            else if (text_[i] == '"')
                return i + 1;
        }
        return text_.size();
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

/// Takes the library's events and builds the tree.
class Builder {
 public:
    using number_integer_t = nlohmann::json::number_integer_t;
    using number_unsigned_t = nlohmann::json::number_unsigned_t;
    using number_float_t = nlohmann::json::number_float_t;
    using string_t = nlohmann::json::string_t;
    using binary_t = nlohmann::json::binary_t;

    Builder(std::string_view text, Positions positions)
        : text_(text), cursor_(positions == Positions::Known ? text : "") {}

    Document finish() && {
        if (problem_) return {.root = std::nullopt, .problem = std::move(problem_)};
        return {.root = std::move(root_), .problem = std::nullopt};
    }

    bool null() { return add({.offset = cursor_.take_token()}); }
    bool boolean(bool value) {
        return add({.kind = Node::Kind::Boolean, .boolean = value, .offset = cursor_.take_token()});
    }
    bool number_integer(number_integer_t value) {
        return add({.kind = Node::Kind::Integer, .integer = value, .offset = cursor_.take_token()});
    }
    bool number_unsigned(number_unsigned_t value) {
        return add({.kind = Node::Kind::Unsigned,
                    .unsigned_integer = value,
                    .offset = cursor_.take_token()});
    }
    /// 1.0 and 1e3 are integers, as JSON Schema has it.
    bool number_float(number_float_t value, const string_t& /*text*/) {
        constexpr double kExact = 9007199254740992.0;  // 2^53: beyond it doubles skip integers
        Node node{.kind = Node::Kind::Float, .offset = cursor_.take_token(), .text = {}};
        if (value >= 0 && value <= kExact && std::trunc(value) == value) {
            node.kind = Node::Kind::Unsigned;
            node.unsigned_integer = static_cast<std::uint64_t>(value);
        } else if (value < 0 && value >= -kExact && std::trunc(value) == value) {
            node.kind = Node::Kind::Integer;
            node.integer = static_cast<std::int64_t>(value);
        }
        return add(std::move(node));
    }
    bool string(string_t& value) {
        const std::size_t offset = cursor_.take_token();
        if (value.find('\0') != std::string::npos)
            return refuse("contains a NUL character", offset, pointer_of_next());
        return add({.kind = Node::Kind::String, .offset = offset, .text = std::move(value)});
    }
    bool binary(binary_t& /*value*/) { return false; }
    bool start_object(std::size_t /*size*/) { return open(Node::Kind::Object); }
    bool start_array(std::size_t /*size*/) { return open(Node::Kind::Array); }
    bool end_object() { return refuse_duplicates() && close(); }
    bool end_array() { return close(); }
    bool key(string_t& name) {
        const std::size_t offset = cursor_.take_token();
        if (name.find('\0') != std::string::npos)
            return refuse("a property's name contains a NUL character", offset, pointer());
        key_ = std::move(name);
        return true;
    }
    bool parse_error(std::size_t position, const std::string& /*token*/,
                     const nlohmann::json::exception& error) {
        const std::size_t offset = position == 0 ? 0 : position - 1;
        return refuse(concat("not valid JSON: ", explain(error.what(), offset)), offset, "");
    }

 private:
    /// The library's text, "[json.exception.…] parse error at …: syntax error …; last read: '…';
    /// expected …", without what was read: that may be megabytes, and no UTF-8.
    [[nodiscard]] std::string explain(std::string_view what, std::size_t offset) const {
        if (text_.empty()) return "the document is empty";
        if (offset < text_.size() && text_[offset] == '\0') return "a NUL character";
        if (const auto colon = what.find(": "); colon != std::string_view::npos)
            what.remove_prefix(colon + 2);
        const auto read = what.find("; last read: ");
        if (read == std::string_view::npos) return std::string(what);
        const auto expected = what.rfind("; expected ");
        return concat(what.substr(0, read), expected == std::string_view::npos || expected < read
                                                ? ""
                                                : what.substr(expected));
    }

    bool open(Node::Kind kind) {
        const std::size_t offset = cursor_.take_token();
        if (open_.size() >= kMaxDepth)
            return refuse(concat("nested more than ", kMaxDepth, " levels deep"), offset, "");
        open_.push_back(place({.kind = kind, .offset = offset}));
        return true;
    }
    bool close() {
        cursor_.take_token();
        open_.pop_back();
        return true;
    }
    /// At the end of an object, by sorting: documents with very many members stay cheap.
    bool refuse_duplicates() {
        const auto& members = open_.back()->members;
        std::vector<std::size_t> order(members.size());
        std::iota(order.begin(), order.end(), std::size_t{0});
        std::ranges::stable_sort(order, {},
                                 [&](std::size_t i) { return std::string_view(members[i].first); });
        for (std::size_t i = 1; i < order.size(); ++i) {
            const auto& [name, value] = members[order[i]];
            if (name != members[order[i - 1]].first) continue;
            return refuse(concat("duplicate property ", cleat::quoted(name)), value.offset,
                          pointer_push(pointer(), name));
        }
        return true;
    }
    bool add(Node&& node) {
        place(std::move(node));
        return true;
    }
    /// Puts a value where it belongs. Earlier siblings may move, but only those that are closed.
    Node* place(Node&& node) {
        if (open_.empty()) return &root_.emplace(std::move(node));
        Node& parent = *open_.back();
        if (parent.kind == Node::Kind::Array) return &parent.elements.emplace_back(std::move(node));
        return &parent.members.emplace_back(std::move(key_), std::move(node)).second;
    }
    /// The pointer of the innermost open value.
    [[nodiscard]] std::string pointer() const {
        std::string out;
        for (std::size_t i = 0; i + 1 < open_.size(); ++i) out = pushed(out, *open_[i]);
        return out;
    }
    [[nodiscard]] static std::string pushed(const std::string& out, const Node& parent) {
        if (parent.kind == Node::Kind::Array) return pointer_push(out, parent.elements.size() - 1);
        return pointer_push(out, parent.members.back().first);
    }
    [[nodiscard]] std::string pointer_of_next() const {
        if (open_.empty()) return {};
        const Node& parent = *open_.back();
        if (parent.kind == Node::Kind::Array)
            return pointer_push(pointer(), parent.elements.size());
        return pointer_push(pointer(), key_);
    }
    bool refuse(std::string message, std::size_t offset, std::string pointer) {
        problem_ = Problem{.severity = Severity::Error,
                           .pointer = std::move(pointer),
                           .message = std::move(message),
                           .position = position_at(text_, offset)};
        return false;
    }

    std::string_view text_;
    Cursor cursor_;
    std::optional<Node> root_;
    std::vector<Node*> open_;
    std::string key_;
    std::optional<Problem> problem_;
};

std::string_view unquoted(std::string_view token) {
    token.remove_prefix(1);
    return token.substr(0, token.rfind('"'));
}

/// What glance() gives, for a text in which escapes are on the way there.
std::optional<std::string> read_member(std::string_view text, std::string_view object,
                                       std::string_view member) {
    const auto document = parse_document(text);
    const Node* found = document.root ? document.root->find(object) : nullptr;
    if (found != nullptr) found = found->find(member);
    if (found == nullptr || found->kind != Node::Kind::String) return std::nullopt;
    return found->text;
}

}  // namespace

const Node* Node::find(std::string_view name) const {
    for (const auto& [key, value] : members)
        if (key == name) return &value;
    return nullptr;
}

std::optional<std::string> glance(std::string_view text, std::string_view object,
                                  std::string_view member) {
    if (!kShortcuts) return read_member(text, object, member);
    if (text.find(member) == std::string_view::npos && text.find('\\') == std::string_view::npos)
        return std::nullopt;
    Cursor cursor(text);
    std::size_t depth = 0;
    bool named = false;   // the value that comes next is the object
    bool inside = false;  // it is open
    for (auto token = cursor.take_text(); !token.empty(); token = cursor.take_text()) {
        const char first = token.front();
        const bool opens = first == '{' || first == '[';
        if (opens || first == '}' || first == ']') {
            depth = opens ? depth + 1 : depth - 1;
            inside = (inside && depth > 1) || (named && first == '{');
        }
        named = false;
        const bool matters = depth == 1 || (depth == 2 && inside);
        if (first != '"' || !matters || !cursor.is_behind_name()) continue;
        if (token.find('\\') != std::string_view::npos) return read_member(text, object, member);
        if (unquoted(token) != (inside ? member : object)) continue;
        named = !inside;
        if (named) continue;
        const auto value = cursor.take_text();
        if (value.find('\\') != std::string_view::npos) return read_member(text, object, member);
        if (!value.starts_with('"')) return std::nullopt;
        return std::string(unquoted(value));
    }
    return std::nullopt;
}

Found find_node(const Node& root, std::string_view pointer) {
    Found found{.node = &root};
    for (const auto& token : pointer_tokens(pointer)) {
        const Node* next = nullptr;
        if (found.node->kind == Node::Kind::Object) next = found.node->find(token);
        if (const auto index = parse_number<std::size_t>(token);
            found.node->kind == Node::Kind::Array && index && *index < found.node->elements.size())
            next = &found.node->elements[*index];
        if (next == nullptr) return {.node = found.node, .exact = false};
        found.node = next;
    }
    return found;
}

std::string_view name_of(Node::Kind kind) noexcept {
    switch (kind) {
        case Node::Kind::Null:
            return "null";
        case Node::Kind::Boolean:
            return "a boolean";
        case Node::Kind::Integer:
        case Node::Kind::Unsigned:
            return "a number";
        case Node::Kind::Float:
            return "a fraction";
        case Node::Kind::String:
            return "a string";
        case Node::Kind::Array:
            return "an array";
        case Node::Kind::Object:
            return "an object";
    }
    return "nothing";
}

Document parse_document(std::string_view text, Positions positions) {
    if (text.size() > kMaxSize) {
        return {.root = std::nullopt,
                .problem =
                    Problem{.pointer = {},
                            .message = concat("the document is longer than ", kMaxSize, " bytes"),
                            .position = {}}};
    }
    if (!kShortcuts) positions = Positions::Known;
    Builder builder(text, positions);
    nlohmann::json::sax_parse(text.begin(), text.end(), &builder);
    auto document = std::move(builder).finish();
    if (!document.problem || positions == Positions::Known) return document;
    return parse_document(text);  // for the place of the problem
}

Position position_at(std::string_view text, std::size_t offset) {
    Position position{.line = 1, .column = 1};
    for (const char c : text.substr(0, offset)) {
        position.column = c == '\n' ? 1 : position.column + 1;
        position.line += c == '\n' ? 1 : 0;
    }
    return position;
}

}  // namespace cleat::spec
