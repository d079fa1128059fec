// Room: spec. One decoder for every type: from a Node by the tables of fields.hpp. Collects every
// problem instead of stopping at the first.
#pragma once

#include <algorithm>
#include <concepts>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "check.hpp"
#include "cleat/base/text.hpp"
#include "cleat/spec/document.hpp"
#include "fields.hpp"
#include "names.hpp"

namespace cleat::spec {

template <class T>
concept Described = requires { Table<T>::kFields; };
template <class T>
concept Worded = requires { Words<T>::kWords; };
template <class T>
concept StrongId = std::same_as<T, Uid> || std::same_as<T, Gid>;

/// A position in the document while it is walked: a chain on the stack, written out only when
/// somebody has something to say.
struct Place {
    const Place* parent = nullptr;
    std::string_view name = {};
    std::size_t index = 0;
    bool is_element = false;

    [[nodiscard]] std::string pointer() const {
        if (parent == nullptr) return {};
        return is_element ? pointer_push(parent->pointer(), index)
                          : pointer_push(parent->pointer(), name);
    }
};

class Binder {
 public:
    explicit Binder(std::string_view text, std::size_t most) : text_(text), complaints_(most) {}
    [[nodiscard]] std::vector<Problem> take_problems() { return complaints_.take(); }
    [[nodiscard]] std::vector<std::string> take_unknown() { return std::move(unknown_); }

    template <Described T>
    void read(const Node& node, const Place& place, T& out) {
        if (!expect(node, Node::Kind::Object, place)) return;
        std::size_t known = 0;
        std::apply(
            [&](const auto&... field) {
                ((known += read_field(node, place, field, out) ? 1U : 0U), ...);
            },
            Table<T>::kFields);
        if (known < node.members.size()) note_unknown<T>(node, place);
    }
    template <Worded T>
    void read(const Node& node, const Place& place, T& out) {
        if (!expect(node, Node::Kind::String, place)) return;
        for (const auto& [word, value] : Words<T>::kWords) {
            if (word != node.text) continue;
            out = value;
            return;
        }
        report(node, place, concat("unknown ", Words<T>::kWhat, " ", quoted(node.text)));
    }
    template <StrongId T>
    void read(const Node& node, const Place& place, T& out) {
        read(node, place, out.value);
    }
    void read(const Node& node, const Place& place, std::string& out) {
        if (expect(node, Node::Kind::String, place)) out = node.text;
    }
    void read(const Node& node, const Place& place, bool& out) {
        if (expect(node, Node::Kind::Boolean, place)) out = node.boolean;
    }
    template <std::integral T>
        requires(!std::same_as<T, bool>)
    void read(const Node& node, const Place& place, T& out) {
        using Limits = std::numeric_limits<T>;
        if (node.kind == Node::Kind::Unsigned && std::in_range<T>(node.unsigned_integer)) {
            out = static_cast<T>(node.unsigned_integer);
        } else if (node.kind == Node::Kind::Integer && std::in_range<T>(node.integer)) {
            out = static_cast<T>(node.integer);
        } else if (node.kind == Node::Kind::Integer || node.kind == Node::Kind::Unsigned) {
            report(node, place, concat("must be ", Limits::min(), " to ", Limits::max()));
        } else {
            report(node, place, concat("must be an integer, not ", name_of(node.kind)));
        }
    }
    template <class T>
    void read(const Node& node, const Place& place, std::vector<T>& out) {
        if (node.kind == Node::Kind::Null) return;  // how Go writes an empty list
        if (!expect(node, Node::Kind::Array, place)) return;
        out.resize(node.elements.size());
        for (std::size_t i = 0; i < out.size(); ++i)
            read(node.elements[i], {.parent = &place, .index = i, .is_element = true}, out[i]);
    }
    template <class T>
    void read(const Node& node, const Place& place, std::map<std::string, T>& out) {
        if (node.kind == Node::Kind::Null) return;
        if (!expect(node, Node::Kind::Object, place)) return;
        for (const auto& [name, value] : node.members)
            read(value, {.parent = &place, .name = name}, out[name]);
    }
    template <class T>
    void read(const Node& node, const Place& place, std::optional<T>& out) {
        if (node.kind == Node::Kind::Null) return;
        read(node, place, out.emplace());
    }

 private:
    /// Whether the object has it.
    template <class Owner, class Member>
    bool read_field(const Node& object, const Place& place, const Field<Owner, Member>& field,
                    Owner& out) {
        const Node* node = object.find(field.name);
        const Place inner{.parent = &place, .name = field.name};
        if (node != nullptr) {
            read(*node, inner, out.*(field.member));
        } else if (field.presence == Presence::Required) {
            report(object, inner, "is required");
        }
        return node != nullptr;
    }

    template <class T>
    void note_unknown(const Node& object, const Place& place) {
        for (const auto& [name, value] : object.members) {
            const bool known =
                std::apply([&](const auto&... field) { return ((field.name == name) || ...); },
                           Table<T>::kFields);
            if (known) continue;
            unknown_.push_back(pointer_push(place.pointer(), name));
            warn_of_cases<T>(value, place, name);
        }
    }

    template <class T>
    void warn_of_cases(const Node& node, const Place& place, std::string_view name) {
        std::apply(
            [this, &node, &place, name](const auto&... field) {
                (warn_of_case(node, place, name, field.name), ...);
            },
            Table<T>::kFields);
    }

    /// Go reads names in any case, the specification does not: what is meant to confine a container
    /// would be left out.
    void warn_of_case(const Node& node, const Place& place, std::string_view name,
                      std::string_view meant) {
        const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : int{c}; };
        if (complaints_.closed() || !std::ranges::equal(name, meant, {}, lower, lower)) return;
        complaints_.add(
            {.severity = Severity::Warning,
             .pointer = pointer_push(place.pointer(), name),
             .message = concat("is ignored: names are case-sensitive, this one is ", quoted(meant)),
             .position = position_at(text_, node.offset)});
    }

    bool expect(const Node& node, Node::Kind kind, const Place& place) {
        if (node.kind == kind) return true;
        report(node, place, concat("must be ", name_of(kind), ", not ", name_of(node.kind)));
        return false;
    }

    void report(const Node& node, const Place& place, std::string message) {
        if (complaints_.closed()) return;
        complaints_.add({.severity = Severity::Error,
                         .pointer = place.pointer(),
                         .message = std::move(message),
                         .position = position_at(text_, node.offset)});
    }

    std::string_view text_;
    Complaints complaints_;
    std::vector<std::string> unknown_;
};

}  // namespace cleat::spec
