// Room: spec. Documents in, types or problems out.
#include "cleat/spec/decode.hpp"

#include <algorithm>
#include <array>

#include "bind.hpp"
#include "check.hpp"
#include "document.hpp"

namespace cleat::spec {
namespace {

/// The node that a pointer names; where a part is missing, the deepest one on the way.
const Node* nearest(const Node& root, std::string_view pointer, bool& exact) {
    const Node* node = &root;
    exact = true;
    if (pointer.empty()) return node;
    for (const auto token : split(pointer.substr(1), '/')) {
        std::string name;
        for (std::size_t i = 0; i < token.size(); ++i) {
            const bool escaped = token[i] == '~' && i + 1 < token.size();
            if (!escaped) {
                name += token[i];
                continue;
            }
            ++i;
            name += token[i] == '1' ? '/' : '~';
        }
        const Node* next = nullptr;
        if (node->kind == Node::Kind::Object) next = node->find(name);
        if (const auto index = parse_number<std::size_t>(name);
            node->kind == Node::Kind::Array && index && *index < node->elements.size())
            next = &node->elements[*index];
        if (next == nullptr) {
            exact = false;
            return node;
        }
        node = next;
    }
    return node;
}

void put_positions(std::vector<Problem>& problems, const Node& root, std::string_view text) {
    for (auto& problem : problems) {
        if (problem.position) continue;
        bool exact = false;
        problem.position = position_at(text, nearest(root, problem.pointer, exact)->offset);
    }
    std::ranges::stable_sort(problems, {}, [](const Problem& problem) {
        return std::pair(problem.position->line, problem.position->column);
    });
}

bool has_errors(const std::vector<Problem>& problems) {
    return std::ranges::find(problems, Severity::Error, &Problem::severity) != problems.end();
}

template <class T, class Check>
Decoded<T> decode(std::string_view text, Check check) {
    auto document = parse_document(text);
    if (document.problem)
        return {.value = std::nullopt, .problems = {*std::move(document.problem)}};
    Binder binder(text);
    T value{};
    binder.read(*document.root, Place{}, value);
    Decoded<T> out{.value = std::nullopt, .problems = binder.take_problems()};
    out.unknown = binder.take_unknown();
    // The rules speak of values, so they wait until all of these could be read.
    if (!has_errors(out.problems)) {
        Complaints complaints;
        check(*document.root, value, complaints);
        std::ranges::move(complaints.take(), std::back_inserter(out.problems));
    }
    put_positions(out.problems, *document.root, text);
    if (!has_errors(out.problems)) out.value = std::move(value);
    return out;
}

/// The property of a document for another platform, which would otherwise pass as one that asks
/// for nothing.
std::optional<std::string_view> other_platform(const Node& root) {
    constexpr std::array<std::string_view, 5> kOthers = {"windows", "solaris", "freebsd", "vm",
                                                         "zos"};
    if (root.find("linux") != nullptr) return std::nullopt;
    for (const auto other : kOthers)
        if (root.find(other) != nullptr) return other;
    return std::nullopt;
}

}  // namespace

Decoded<Spec> decode_config(std::string_view text) {
    return decode<Spec>(text, [](const Node& root, const Spec& spec, Complaints& out) {
        if (const auto other = other_platform(root))
            out.add(concat("/", *other), "the config is for another platform: it has no linux");
        else
            check_config(spec, out);
    });
}

Decoded<Process> decode_process(std::string_view text) {
    return decode<Process>(text, [](const Node&, const Process& process, Complaints& out) {
        check_process(process, "", out);
    });
}

Decoded<Resources> decode_resources(std::string_view text) {
    return decode<Resources>(text, [](const Node&, const Resources& resources, Complaints& out) {
        check_resources(resources, "", out);
    });
}

Decoded<std::vector<Mount>> decode_mounts(std::string_view text) {
    return decode<std::vector<Mount>>(text, [](const Node&, const std::vector<Mount>& mounts,
                                               Complaints& out) { check_mounts(mounts, "", out); });
}

Decoded<std::vector<std::string>> decode_texts(std::string_view text) {
    return decode<std::vector<std::string>>(
        text, [](const Node&, const std::vector<std::string>&, Complaints&) {});
}

std::vector<Problem> check_process(const Process& process, std::string_view pointer) {
    Complaints complaints;
    check_process(process, pointer, complaints);
    return complaints.take();
}

std::optional<Position> locate(std::string_view text, std::string_view pointer) {
    const auto document = parse_document(text);
    if (!document.root) return std::nullopt;
    bool exact = false;
    const Node* node = nearest(*document.root, pointer, exact);
    if (!exact) return std::nullopt;
    return position_at(text, node->offset);
}

Error to_error(const std::vector<Problem>& problems, std::string_view document) {
    Error error{.kind = ErrorKind::InvalidConfig, .what = {}};
    for (const auto& problem : problems) {
        if (problem.severity != Severity::Error) continue;
        if (error.what.empty()) error.pointer = problem.pointer;
        if (!error.what.empty()) error.what += "; ";
        error.what += document;
        if (problem.position)
            error.what += concat(":", problem.position->line, ":", problem.position->column);
        if (!problem.pointer.empty()) error.what += concat(" ", problem.pointer);
        error.what += concat(": ", problem.message);
    }
    return error;
}

namespace {
template <class Enum>
std::string_view word_of(Enum value) noexcept {
    for (const auto& [word, each] : Words<Enum>::words)
        if (each == value) return word;
    return "unknown";
}
}  // namespace

std::string_view name_of(NamespaceType type) noexcept { return word_of(type); }
std::string_view name_of(SeccompAction action) noexcept { return word_of(action); }
std::string_view name_of(SeccompOperator op) noexcept { return word_of(op); }

}  // namespace cleat::spec
